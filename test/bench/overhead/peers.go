//go:build linux

package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// peersDir has the peers' programs, their libraries and what they are told to watch.
const peersDir = "/peers"

// peer is the command line of a program whose libraries are not where it looks for them.
func peer(name string, args ...string) []string {
	return append([]string{peersDir + "/lib/ld-linux-x86-64.so.2", "--library-path", peersDir + "/lib", filepath.Join(peersDir, name)}, args...)
}

// count reads a sensor's output: at tells the kind of a line and when it was, as time by the clock,
// or no kind. It counts what falls within a figure's time and is of its workload's kinds.
func count(file string, figures []figure, kinds func(workload string) []string, at func(line string) (string, time.Duration)) error {
	f, err := os.Open(file)
	if err != nil {
		return fmt.Errorf("read what was seen: %w", err)
	}
	defer func() { _ = f.Close() }()
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		kind, when := at(lines.Text())
		if kind == "" {
			continue
		}
		for i := range figures {
			f := &figures[i]
			if when < f.from || when > f.to {
				continue
			}
			for _, k := range kinds(f.workload) {
				if k == kind {
					f.seen++
				}
			}
		}
	}
	return lines.Err()
}

// bpftrace prints what Vigil tells of the workloads, by events.bt.
type bpftrace struct {
	run *program
}

const bpftraceOutput = logDir + "/bpftrace.out"

func (b *bpftrace) start() (err error) {
	// A buffer of 16 MiB, as Vigil's larger one.
	if err := os.Setenv("BPFTRACE_PERF_RB_PAGES", "4096"); err != nil {
		return err
	}
	b.run, err = start(logDir+"/bpftrace.log", peer("bpftrace", "-o", bpftraceOutput, peersDir+"/events.bt")...)
	if err != nil {
		return err
	}
	// It says so before it does; measuring begins with waiting for the machine's rest.
	return b.run.until(func() bool {
		said, err := os.ReadFile(bpftraceOutput)
		return err == nil && strings.Contains(string(said), "Attaching")
	})
}

func (b *bpftrace) mark() error { return nil }

func (b *bpftrace) stop(figures []figure) (lost uint64, err error) {
	if err := b.run.end(os.Interrupt); err != nil {
		return 0, err
	}
	kinds := func(workload string) []string {
		switch workload {
		case "exec":
			return []string{"exec"}
		case "samefile", "write":
			return []string{"open"}
		case "connect":
			return []string{"connect", "accept"}
		default:
			return nil
		}
	}
	for _, file := range []string{bpftraceOutput, b.run.said} {
		err = errors.Join(err, count(file, figures, kinds, func(line string) (string, time.Duration) {
			var n uint64
			if _, err := fmt.Sscanf(line, "Lost %d events", &n); err == nil {
				lost += n
			}
			words := strings.SplitN(line, " ", 3)
			ns, err := strconv.ParseInt(words[0], 10, 64)
			if err != nil || len(words) < 3 {
				return "", 0
			}
			return words[1], time.Duration(ns)
		}))
	}
	return lost, errors.Join(err, os.Remove(bpftraceOutput))
}

// auditd writes its log of the same events.
type auditd struct {
	run  *program
	lost uint64 // before it was started
}

const auditLog = logDir + "/audit.log"

// auditRules are what Vigil tells of the workloads.
func auditRules() []string {
	return []string{
		"-D",
		"-b 65536", // records that may wait
		"-a always,exit -F arch=b64 -S execve,execveat,exit_group",
		"-a always,exit -F arch=b64 -S open,openat,openat2,creat -F dir=" + workDir + " -F perm=w",
		"-a always,exit -F arch=b64 -S connect,accept,accept4",
		"-e 1", // whatever is forked from now on is audited
	}
}

func auditctl(args string) (string, error) {
	line := peer("auditctl", strings.Fields(args)...)
	said, err := exec.Command(line[0], line[1:]...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("auditctl %s: %w: %s", args, err, said)
	}
	return string(said), nil
}

func (a *auditd) start() (err error) {
	a.run, err = start(logDir+"/auditd.log", peer("auditd", "-n", "-c", peersDir, "-s", "enable")...)
	if err != nil {
		return err
	}
	if err := a.run.until(func() bool {
		info, err := os.Stat(auditLog)
		return err == nil && info.Size() > 0
	}); err != nil {
		return err
	}
	for _, rule := range auditRules() {
		if _, err := auditctl(rule); err != nil {
			return err
		}
	}
	a.lost, err = auditLost()
	return err
}

func (a *auditd) mark() error { return nil }

func (a *auditd) stop(figures []figure) (uint64, error) {
	lost, err := auditLost()
	if err != nil {
		return 0, err
	}
	_, err = auditctl("-D")
	if err = errors.Join(err, a.run.end(syscall.SIGTERM)); err != nil {
		return 0, err
	}
	// Its records have the time of day; nobody sets that here.
	sinceBoot := time.Duration(time.Now().UnixNano()) - clock()
	kinds := func(workload string) []string {
		switch workload {
		case "exec":
			return []string{"59"}
		case "samefile", "write":
			return []string{"257"}
		case "connect":
			return []string{"42", "288"}
		default:
			return nil
		}
	}
	err = count(auditLog, figures, kinds, func(line string) (string, time.Duration) {
		var seconds, thousandths, serial int64
		var arch, call string
		if _, err := fmt.Sscanf(line, "type=SYSCALL msg=audit(%d.%d:%d): arch=%s syscall=%s", &seconds, &thousandths, &serial, &arch, &call); err != nil {
			return "", 0
		}
		return call, time.Duration(seconds)*time.Second + time.Duration(thousandths)*time.Millisecond - sinceBoot
	})
	return lost - a.lost, errors.Join(err, os.Remove(auditLog))
}

func auditLost() (uint64, error) {
	said, err := auditctl("-s")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(said) {
		if n, found := strings.CutPrefix(strings.TrimSpace(line), "lost "); found {
			return strconv.ParseUint(n, 10, 64)
		}
	}
	return 0, fmt.Errorf("auditctl -s says nothing of what was lost: %s", said)
}
