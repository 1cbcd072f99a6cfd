package store

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
)

// Batch is what the store has of a batch.
type Batch struct {
	Sequence uint64
	Rows     uint64 // fewer than the batch has, when a crash came between its rows
}

// Has tells which batches of a sensor's epoch the store has, from a sequence on, in
// their order. After a crash this is what need not be added again. What Flush has not
// made able to be found is not seen.
func Has(ctx context.Context, s Store, sensor string, epoch, from uint64) ([]Batch, error) {
	q := Query{
		LogsQL: fmt.Sprintf("%s %s:=%d %s:>=%d | stats by (%s) count_uniq(%s) rows", stream(sensor), FieldEpoch, epoch, FieldSequence, from, FieldSequence, FieldIndex),
		Limit:  MostRows,
	}
	var out []Batch
	err := s.Query(ctx, q, func(r Result) bool {
		out = append(out, Batch{r.number(FieldSequence), r.number("rows")})
		return true
	})
	if err != nil {
		return nil, fmt.Errorf("batches of sensor %s: %w", sensor, err)
	}
	slices.SortFunc(out, func(a, b Batch) int { return cmp.Compare(a.Sequence, b.Sequence) })
	return out, nil
}

// Missing gives those of a batch's rows that the store does not have: of a batch that
// Has tells is there in part, or that Add failed for. What was added since is to be
// flushed before: it is not found.
func Missing(ctx context.Context, s Store, rows []Row) ([]Row, error) {
	if c, is := s.(interface{ settle(context.Context) error }); is {
		if err := c.settle(ctx); err != nil {
			return nil, fmt.Errorf("wait for rows on their way: %w", err)
		}
	}
	type batch struct {
		sensor          string
		epoch, sequence uint64
	}
	there := map[batch]map[uint32]bool{}
	var missing []Row
	for i := range rows {
		b := batch{rows[i].Sensor, rows[i].Epoch, rows[i].Sequence}
		indexes, asked := there[b]
		if !asked {
			indexes = map[uint32]bool{}
			there[b] = indexes
			q := Query{
				LogsQL: fmt.Sprintf("%s %s:=%d %s:=%d | uniq by (%s)", stream(b.sensor), FieldEpoch, b.epoch, FieldSequence, b.sequence, FieldIndex),
				Limit:  MostRows,
			}
			err := s.Query(ctx, q, func(r Result) bool {
				if n, err := strconv.ParseUint(r.Get(FieldIndex), 10, 32); err == nil {
					indexes[uint32(n)] = true
				}
				return true
			})
			if err != nil {
				return nil, fmt.Errorf("rows of batch %d of sensor %s: %w", b.sequence, b.sensor, err)
			}
		}
		if !indexes[rows[i].Index] {
			missing = append(missing, rows[i])
		}
	}
	return missing, nil
}
