package store

import (
	"context"
	"sync"
	"time"
)

// knowledge is what a store was found to have, so that Missing asks it once for all batches
// of a sensor's epoch: after a crash there are thousands. Of a batch that was added in
// the last minute nothing is known.
type knowledge struct {
	lock          sync.Mutex
	epochs        map[batchName]*epoch   // of sequence 0
	recent, older map[batchName]struct{} // were added; recent since
	since         time.Time
}

// epoch is what the store had of one when it was asked.
type epoch struct {
	asked time.Time
	from  uint64            // sequence
	rows  map[uint64]uint64 // of each sequence that it had some of
}

const (
	knownFor   = time.Minute
	mostEpochs = 4096
)

// add says that rows may be in the store from now on.
func (k *knowledge) add(rows []Row) {
	k.lock.Lock()
	defer k.lock.Unlock()
	if now := time.Now(); k.recent == nil || now.Sub(k.since) > knownFor {
		k.older, k.recent, k.since = k.recent, map[batchName]struct{}{}, now
	}
	for i := range rows {
		r := &rows[i]
		if i > 0 && r.Sequence == rows[i-1].Sequence && r.Epoch == rows[i-1].Epoch && r.Sensor == rows[i-1].Sensor {
			continue
		}
		k.recent[batchName{r.Sensor, r.Epoch, r.Sequence}] = struct{}{}
	}
}

// count gives how many rows of a batch the store has, if that is known.
func (k *knowledge) count(ctx context.Context, s Store, b batchName) (rows uint64, sure bool, err error) {
	k.lock.Lock()
	defer k.lock.Unlock()
	_, recent := k.recent[b]
	_, older := k.older[b]
	if recent || older {
		return 0, false, nil
	}
	of := batchName{b.sensor, b.epoch, 0}
	e := k.epochs[of]
	if e == nil || b.sequence < e.from || time.Since(e.asked) > knownFor {
		e = &epoch{asked: time.Now(), from: b.sequence, rows: map[uint64]uint64{}}
		all, err := Has(ctx, s, b.sensor, b.epoch, b.sequence)
		if err != nil || len(all) >= MostRows { // more than an answer has
			return 0, false, err
		}
		for _, has := range all {
			e.rows[has.Sequence] = has.Rows
		}
		if k.epochs == nil || len(k.epochs) >= mostEpochs {
			k.epochs = map[batchName]*epoch{}
		}
		k.epochs[of] = e
	}
	return e.rows[b.sequence], true, nil
}
