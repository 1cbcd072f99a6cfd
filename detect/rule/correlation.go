package rule

// internCorrelations gives the fields that correlations group by their numbers.
func (s *Set) internCorrelations() error {
	for _, r := range s.rules {
		if r.correlation == nil {
			continue
		}
		for _, other := range s.rules {
			for _, name := range r.correlation.groupBy {
				s.intern(r.correlation.fieldOf(name, other))
			}
		}
	}
	return nil
}
