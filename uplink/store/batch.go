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
// flushed before: it is not found. Rows are all of each of their batches.
func Missing(ctx context.Context, s Store, rows []Row) ([]Row, error) {
	if c, is := s.(interface{ settle(context.Context) error }); is {
		if err := c.settle(ctx); err != nil {
			return nil, fmt.Errorf("wait for rows on their way: %w", err)
		}
	}
	want, there := map[batchName]uint64{}, map[batchName]map[uint32]bool{}
	for i := range rows {
		b := batchOf(&rows[i])
		want[b] = max(want[b], uint64(rows[i].Index)+1)
	}
	var missing []Row
	for i := range rows {
		b := batchOf(&rows[i])
		indexes, asked := there[b]
		if !asked {
			var err error
			if indexes, err = indexesOf(ctx, s, b, want[b]); err != nil {
				return nil, fmt.Errorf("rows of batch %d of sensor %s: %w", b.sequence, b.sensor, err)
			}
			there[b] = indexes
		}
		if indexes != nil && !indexes[rows[i].Index] {
			missing = append(missing, rows[i])
		}
	}
	return missing, nil
}

func batchOf(r *Row) batchName { return batchName{r.Sensor, r.Epoch, r.Sequence} }

// indexesOf gives which rows of a batch of so many the store has: nil for all.
func indexesOf(ctx context.Context, s Store, b batchName, rows uint64) (map[uint32]bool, error) {
	if k, is := s.(interface{ knows() *knowledge }); is {
		n, sure, err := k.knows().count(ctx, s, b)
		if err != nil || sure && n == rows {
			return nil, err
		}
		if sure && n == 0 {
			return map[uint32]bool{}, nil
		}
	}
	indexes := map[uint32]bool{}
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
	return indexes, err
}
