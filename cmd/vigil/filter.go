package main

import "vigil/decode"

// filterFlag says which events to show.
type filterFlag struct {
	Filter string `help:"Only events that this expression holds for: see vigil help filter." placeholder:"EXPRESSION"`
}

func (f filterFlag) parse() (*decode.Filter, error) {
	filter, err := decode.ParseFilter(f.Filter)
	if err != nil {
		return nil, badFilter{misuse{err}}
	}
	return filter, nil
}
