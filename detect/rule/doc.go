// Package rule is the Sigma engine: it loads rules, compiles them into one matcher
// per log source, and matches events against them without allocating.
//
// What it follows, of the Sigma specification, version 2.1 (SigmaHQ/sigma-specification):
// "Sigma Rules Specification" (sections Log source, Detection, Condition, Placeholders),
// "Sigma Modifiers Appendix" (all of its modifiers), "Sigma Correlation Rules
// Specification" (event_count, value_count, temporal, temporal_ordered, aliases) and
// "Sigma Filters Specification". Where the specification leaves room:
//
//   - Case is ignored for ASCII letters only.
//   - A question mark stands for one character: a UTF-8 sequence, or a byte that is none.
//   - A field with several values matches when one of them does.
//   - null is a field that is missing, or has no value; exists is a field that is there.
//   - neq is the negation of the whole item, so it holds for a missing field.
//   - Regular expressions are RE2 (package regexp/syntax): what needs to look around or
//     back is a Problem.
//   - windash reads a dash or slash before a word and not after one, as a dash of any kind.
//   - Times are read as written, without regard to their zone; a week is that of ISO 8601.
//   - Numbers are compared as text where no modifier asks for a comparison.
//
// # How it is fast
//
// All literals of a field (of contains, startswith, endswith, equals, and those that
// wildcards and regular expressions cannot do without) are in one Aho-Corasick automaton
// (Aho and Corasick, 1975), whose alphabet folds case and has two more letters: the
// beginning and the end of a value. Its upper states are rows of a table, the many lower
// ones an edge and a link. Each rule hangs on a few literals of which one must be in an
// event that it matches: only rules whose literal was seen are evaluated, by a chain of
// tests with a jump for yes and one for no.
//
// Programs are the same again and again, what they are told to do is not: what records
// whose actors are alike (detect.Like) decide of the rules is found out once (memo), and
// of the next such record only what is still open is looked at.
package rule
