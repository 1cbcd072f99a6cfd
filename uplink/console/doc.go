// Package console serves the pages that people look at: built files that are part of the
// program. All they show they ask of the API; nothing here knows what it says.
//
// The pages' source is in web; `make generate` builds dist from it, which is committed, so
// that building the program needs no Node.
package console
