package rules

import (
	"embed"
	"io/fs"
)

//go:embed */*.yml
var files embed.FS

// FS gives the rule files, TACTIC/NAME.yml.
func FS() fs.FS { return files }
