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
// Each rule hangs on a few literals (of contains, startswith, endswith, equals, and those
// that wildcards and regular expressions cannot do without) of which one must be in an
// event that it matches: only rules whose literal was found are evaluated, by a chain of
// tests with a jump for yes and one for no. How a literal is found depends on what it is:
//
//   - One that has its place, by a walk from there through the tree of all of them (tree).
//     Most walks end after a few bytes, however long the value is.
//   - One that may be anywhere, and that a rule hangs on, by a gram of three bytes (sieve).
//     Every second place of a value is looked up in a small table of bits, and only what
//     stands there is compared. Three bytes are enough to be rare, and two grams a literal,
//     one for either parity, are all that it takes to skip half of the places.
//   - What only candidates ask for, in an index of the value, made when the first few have
//     asked: a literal that is not there costs one look (index). It goes by lists: of which
//     one of many must be there is one test (choice).
//
// An Aho-Corasick automaton of all literals of a field would read every byte of a value,
// and each step would wait for the one before: a long line took half as long again.
//
// Programs are the same again and again, what they are told to do is not: what records
// whose actors are alike (detect.Like) decide of the rules is found out once (memo), and
// of the next such record only what is still open is looked at.
package rule
