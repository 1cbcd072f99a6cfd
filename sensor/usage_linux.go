package sensor

import (
	"strings"

	"github.com/prometheus/procfs"
)

// usage is the sensor's own memory, bytes, without the rings that are mapped
// into it, and the CPU time it took, seconds.
func usage() (rss uint64, cpu float64) {
	self, err := procfs.Self()
	if err != nil {
		return 0, 0
	}
	if st, err := self.Stat(); err == nil {
		cpu = st.CPUTime()
	}
	status, err := self.NewStatus()
	if err != nil {
		return 0, cpu
	}
	return status.RssAnon + status.RssFile + status.RssShmem, cpu
}

func firstLine(err error) string {
	line, _, _ := strings.Cut(err.Error(), "\n")
	return line
}
