package rule

import "testing"

// Every rule of SigmaHQ loads as it is.
func TestLoadsSigmaHQ(t *testing.T) {
	for _, c := range []struct {
		folder string
		rules  int
	}{{"sigma/linux", 210}, {"sigma/windows", 2407}} {
		rules := loadShared(t, c.folder)
		if len(rules) != c.rules {
			t.Errorf("%s: %d rules, want %d", c.folder, len(rules), c.rules)
		}
		for _, r := range rules {
			if r.ID == "" || r.Author == "" || r.Finding.Rule != r.ID || r.Finding.Author != r.Author {
				t.Errorf("%s: id %q, author %q, finding %+v", r.File, r.ID, r.Author, r.Finding)
			}
		}
	}
}

// The tables stay small enough to be kept in memory by every sensor.
func TestTablesAreBounded(t *testing.T) {
	for _, c := range []struct {
		folder string
		most   int
	}{{"sigma/windows/process_creation", 32 << 20}, {"sigma/windows", 80 << 20}, {"sigma/linux", 8 << 20}} {
		s := mustCompile(t, loadShared(t, c.folder))
		t.Logf("%s: %d rules, %d bytes of tables", c.folder, len(s.Rules()), s.Size())
		if s.Size() > c.most {
			t.Errorf("%s: tables of %d bytes, at most %d", c.folder, s.Size(), c.most)
		}
	}
}
