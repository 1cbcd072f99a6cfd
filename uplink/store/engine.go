package store

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/VictoriaMetrics/VictoriaLogs/lib/logstorage"
	"github.com/VictoriaMetrics/VictoriaMetrics/lib/logger"
)

// This is the only file that knows VictoriaLogs' library, which promises nothing of its
// API.

// engine is one storage of VictoriaLogs.
type engine struct {
	storage *logstorage.Storage
	lock    sync.Mutex
	days    map[string]bool // what was added to since sync, as the library names its partitions
}

// once is the library's state, which a process has one of: flags, and where it logs.
var once sync.Once

// prepare gives the library what it takes from flags. Only the first call does anything.
func prepare(memory int64, log *slog.Logger) error {
	var err error
	once.Do(func() {
		if !flag.Parsed() { // it insists, though nobody here has flags
			err = flag.CommandLine.Parse(nil)
		}
		for name, value := range map[string]string{"memory.allowedBytes": fmt.Sprint(memory), "loggerLevel": "WARN", "loggerDisableTimestamps": "true"} {
			err = errors.Join(err, flag.Set(name, value))
		}
		logger.SetOutputForTests(logLines{log})
	})
	return err
}

// logLines gives the library's lines, level TAB place TAB text, to our log.
type logLines struct{ log *slog.Logger }

func (l logLines) Write(p []byte) (int, error) {
	level, text := slog.LevelWarn, string(bytes.TrimSpace(p))
	if word, rest, ok := strings.Cut(text, "\t"); ok {
		text = rest
		if word == "error" || word == "panic" || word == "fatal" {
			level = slog.LevelError
		}
	}
	l.log.Log(context.Background(), level, "event store", "message", text)
	return len(p), nil
}

// openEngine opens a storage. The library panics when it cannot, as with a directory
// that another process has open.
func openEngine(dir string, retention, ahead time.Duration, reserve int64) (e *engine, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("open %s: %v", dir, p)
		}
	}()
	s := logstorage.MustOpenStorage(dir, &logstorage.StorageConfig{
		Retention: retention, FutureRetention: ahead, MinFreeDiskSpaceBytes: reserve, FlushInterval: 5 * time.Second,
	})
	s.MustDeleteStalePartitionSnapshots(-time.Hour) // of a flush that was killed
	return &engine{storage: s, days: map[string]bool{}}, nil
}

func (e *engine) close() { e.storage.MustClose() }

// loader takes rows of a kind until they make a full block, or flush: then the engine
// has them.
type loader struct {
	sync.Mutex
	engine *engine
	rows   *logstorage.LogRows
	fields []logstorage.Field
	day    int64
	size   int // bytes of lines of JSON, as the library counts them
	sensor string
	own    int // those of size that are the sensor's
}

// fullBlock is the size of a block that the library never takes apart again. Of smaller
// ones it makes new blocks whenever it merges the parts that they are in.
const fullBlock = 2 << 20

func (e *engine) loader() *loader {
	return &loader{engine: e, rows: logstorage.GetLogRows([]string{FieldSensor, FieldKind}, nil, nil, nil, "")}
}

// add copies a row. Rows that follow one with the same names cost less. A block has rows
// of one sensor, so that what is handed over is cut where a block is full, or between two
// sensors.
func (l *loader) add(sensor string, at int64, fields []Field) {
	if sensor != l.sensor {
		if l.size >= fullBlock/2 {
			l.cut()
		}
		l.sensor, l.own = strings.Clone(sensor), 0
	}
	l.fields = l.fields[:0]
	for i := range fields {
		l.fields = append(l.fields, logstorage.Field(fields[i]))
	}
	if d := at / int64(day); d != l.day {
		l.day = d
		l.engine.touch(time.Unix(0, at).UTC().Format("20060102"))
	}
	l.rows.MustAdd(logstorage.TenantID{}, at, l.fields, -1)
	n := logstorage.EstimatedJSONRowLen(l.fields)
	l.size += n
	if l.own += n; l.own >= fullBlock {
		l.cut()
	}
}

// cut makes a part of what there is.
func (l *loader) cut() {
	l.flush()
	l.engine.storage.DebugFlush()
}

func (e *engine) touch(day string) {
	e.lock.Lock()
	e.days[day] = true
	e.lock.Unlock()
}

func (l *loader) flush() {
	l.engine.storage.MustAddRows(l.rows)
	l.rows.ResetKeepSettings()
	l.size, l.own, l.day = 0, 0, 0
}

func (e *engine) full() bool { return e.storage.IsReadOnly() }

// sync makes durable what was added until now; nobody may add meanwhile. A snapshot is
// the one call of the library that writes what lies in memory to disk, but for what is
// being merged at that moment: so it is made until nothing is left.
func (e *engine) sync(ctx context.Context) error {
	if len(e.days) == 0 {
		return nil
	}
	e.storage.DebugFlush()
	for {
		before := e.stats()
		for day := range e.days {
			for _, path := range e.storage.PartitionSnapshotMustCreate(day) {
				if err := e.storage.PartitionSnapshotDelete(path); err != nil {
					return fmt.Errorf("flush: %w", err)
				}
			}
		}
		after := e.stats()
		merged := before.IndexdbActiveInmemoryMerges > 0 || before.IndexdbInmemoryMergesCount != after.IndexdbInmemoryMergesCount
		if after.InmemoryRowsCount == 0 && after.PendingRows == 0 && after.IndexdbPendingItems == 0 && !merged {
			clear(e.days)
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("flush: %w", context.Cause(ctx))
		case <-time.After(2 * time.Millisecond):
		}
	}
}

func (e *engine) stats() (s logstorage.StorageStats) {
	e.storage.UpdateStats(&s)
	return s
}

// Stats is what an embedded store holds.
type Stats struct {
	Rows    uint64
	Bytes   uint64 // on disk and, not yet written, in memory
	Refused uint64 // rows that the library did not take for their time: none, unless its clock jumped
}

func (e *engine) addStats(s *Stats) {
	v := e.stats()
	s.Rows += v.RowsCount() + v.PendingRows
	s.Bytes += v.CompressedSmallPartSize + v.CompressedBigPartSize + v.CompressedInmemorySize + v.IndexdbSizeBytes
	s.Refused += v.RowsDroppedTooBigTimestamp + v.RowsDroppedTooSmallTimestamp
}

// parsed is a query that is LogsQL.
type parsed struct{ query *logstorage.Query }

func parse(text string, now time.Time) (parsed, error) {
	q, err := logstorage.ParseQueryAtTimestamp(text, now.UnixNano())
	if err != nil {
		return parsed{}, syntax(text, err.Error())
	}
	return parsed{q}, nil
}

// syntax finds the place in what the library says: the text before it ends "context: [...]".
func syntax(text, message string) *SyntaxError {
	e := &SyntaxError{Query: text, Offset: -1, Reason: message}
	const mark = "context: ["
	from := strings.Index(message, mark)
	if from < 0 {
		return e
	}
	rest := message[from+len(mark):]
	for to := len(rest); to >= 0; to = strings.LastIndexByte(rest[:to], ']') { // the text may have brackets of its own
		if at := strings.Index(text, rest[:to]); at >= 0 && to > 0 {
			e.Offset, e.Reason = at+to, strings.TrimRight(message[:from], "; ")
			return e
		}
	}
	return e
}

// newest tells that the query's pipes leave rows as they are: then the newest are wanted.
func (p parsed) newest() bool { return p.query.CanReturnLastNResults() }

// between narrows the query to a time, both ends within.
func (p parsed) between(since, until int64) { p.query.AddTimeFilter(since, until) }

// times gives the first and the last ns that may match.
func (p parsed) times() (since, until int64) { return p.query.GetFilterTimeRange() }

// first ends the query after some rows.
func (p parsed) first(rows int) { p.query.AddPipeOffsetLimit(0, uint64(rows)) }

// last makes the query one for the times of its newest rows.
func (p parsed) last(rows int) {
	p.query.AddPipeFields([]string{FieldTime})
	p.query.AddPipeSortByTimeDesc()
	p.first(rows)
}

func (p parsed) text() string { return p.query.String() }

func (p parsed) clone() parsed { return parsed{p.query.Clone(p.query.GetTimestamp())} }

// ask runs a query over several engines as over one: each does the first pipes, up to
// the first that needs all rows, and what follows is done with what they give. give has
// the names and values of a block: values[i] are those of names[i].
func ask(ctx context.Context, engines []*engine, p parsed, give func(names []string, values [][]string)) error {
	var stats logstorage.QueryStats
	var lock sync.Mutex
	var names []string
	var values [][]string
	write := func(_ uint, block *logstorage.DataBlock) {
		lock.Lock()
		defer lock.Unlock()
		names, values = names[:0], values[:0]
		for _, c := range block.GetColumns(false) {
			names, values = append(names, c.Name), append(values, c.Values)
		}
		give(names, values)
	}
	// What an engine gives comes as of one worker: what it has made of all its rows must
	// not meet that of another before the pipes that merge both.
	each := func(query *logstorage.QueryContext, write logstorage.WriteDataBlockFunc) error {
		errs := make([]error, len(engines))
		var done sync.WaitGroup
		for i, e := range engines {
			done.Go(func() {
				var lock sync.Mutex
				errs[i] = e.storage.RunQuery(query, func(_ uint, block *logstorage.DataBlock) {
					lock.Lock()
					defer lock.Unlock()
					write(uint(i), block)
				})
			})
		}
		done.Wait()
		return errors.Join(errs...)
	}
	qc := logstorage.NewQueryContext(ctx, &stats, []logstorage.TenantID{{}}, p.query, false, nil)
	runner, err := logstorage.NewNetQueryRunner(qc, each, write)
	if err != nil {
		return err
	}
	return runner.Run(ctx, p.query.GetConcurrency(), func(stop <-chan struct{}, q *logstorage.Query, write logstorage.WriteDataBlockFunc) error {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		go func() { // ends with the query
			select {
			case <-stop:
				cancel()
			case <-ctx.Done():
			}
		}()
		return each(qc.WithContextAndQuery(ctx, q), write)
	})
}

// newestTime is the time of the newest row that has been written to a part.
func (e *engine) newestTime() int64 { return e.stats().MaxTimestamp }
