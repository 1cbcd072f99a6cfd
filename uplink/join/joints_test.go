package join

import (
	"testing"

	"vigil/uplink/store"
)

// Fields with dots are objects again; no value is lost, whatever the names.
func TestEvent(t *testing.T) {
	e := event(store.Result{Fields: []store.Field{
		{Name: "_time", Value: "2026-01-02T03:04:05Z"},
		{Name: store.FieldSensor, Value: "s"},
		{Name: store.FieldKind, Value: "exec"},
		{Name: "process.file.path", Value: "/bin/x"},
		{Name: "process.pid", Value: "7"},
		{Name: "process.pid.x", Value: "below a value"},
		{Name: "process", Value: "above one"},
		{Name: "..", Value: "dots"},
		{Name: "_msg", Value: "<script>"},
	}})
	want := `{"":{"":{"":"dots"}},"_msg":"\u003cscript\u003e","process":{"":"above one","file":{"path":"/bin/x"},"pid":"7"},"process.pid.x":"below a value"}`
	if got := string(e.Event); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if e.Sensor != "s" || e.Kind != "exec" || e.Time.Year() != 2026 {
		t.Errorf("%+v", e)
	}
}
