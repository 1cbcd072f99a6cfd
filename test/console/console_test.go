package console

import (
	"testing"

	"vigil/test/chromium"
)

func TestConsole(t *testing.T) {
	w := newWorld(t)
	chromium.Walk(t, "walk.mjs", "", "VIGIL_URL="+w.server.URL, "VIGIL_CONTROL="+w.control().URL, "VIGIL_PASSWORD="+password, "VIGIL_HOSTILE_SENSOR="+w.sensors[image])
}
