//go:build linux

package e2e

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"testing"

	"vigil/test/chromium"
)

// What is simulated on a host is on the console's page within two seconds of the event,
// with the processes and events that belong to it.
func TestConsole(t *testing.T) {
	program, sh := built(t), newShell(t)
	u := begin(t, program, t.TempDir(), sh)
	host := http.NewServeMux() // what happens on the host when the walk asks for it
	host.HandleFunc("POST /simulate/{name}", func(_ http.ResponseWriter, q *http.Request) {
		sh.do(t, fmt.Sprintf("%s simulate %s --socket %s", program, q.PathValue("name"), u.socket))
	})
	control := httptest.NewServer(host)
	defer control.Close()
	chromium.Walk(t, "up.mjs", "up", "VIGIL_URL="+u.url, "VIGIL_CONTROL="+control.URL, "VIGIL_PASSWORD="+u.password)
}
