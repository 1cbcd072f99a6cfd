// Package rules holds Vigil's own rules: Sigma files, one a rule, in folders by
// ATT&CK tactic. Each says under vigil: what an administrator does now, which
// alert of Microsoft Defender it answers where it answers one, and cases: events
// that it fires on and their benign twins. Folders, fields and log sources are
// those of Sigma 2.1.0 (https://github.com/SigmaHQ/sigma-specification) and of
// detect/rule; tactics and techniques those of ATT&CK 16.
//
// A rule of Medium or above stays silent in the everyday life of a server:
// packages, builds, archives, cron, sign-ins. What is weak alone is Low or
// Informational.
package rules
