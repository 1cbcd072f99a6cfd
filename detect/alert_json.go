package detect

import (
	"encoding/json"
	"fmt"
	"time"

	"vigil/decode"
)

// Activity is what became of an alert, with the numbers of OCSF's activity_id.
type Activity uint8

// The activities.
const (
	Create Activity = iota + 1
	Update          // seen again
	Close           // folded no longer: the next like it is another alert
)

func (a Activity) String() string {
	if a < Create || a > Close {
		return "Unknown"
	}
	return [...]string{"Create", "Update", "Close"}[a-1]
}

// AppendJSON appends the alert as one JSON object, without a newline: OCSF's Detection
// Finding (class 2004), decode.OCSFVersion.
func (a *Alert) AppendJSON(dst []byte, did Activity) ([]byte, error) {
	text, err := json.Marshal(a.ocsf(did))
	if err != nil {
		return dst, fmt.Errorf("write alert %s: %w", a.ID, err)
	}
	return append(dst, text...), nil
}

// text is a string of anything, as JSON that does nothing on a terminal.
type text string

// MarshalJSON implements json.Marshaler.
func (t text) MarshalJSON() ([]byte, error) { return decode.AppendQuoted(nil, []byte(t)), nil }

func milliseconds(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// The objects of OCSF that a Detection Finding has, as far as there is something to say.
type (
	ocsfFinding struct {
		Metadata     ocsfMetadata     `json:"metadata"`
		Category     int              `json:"category_uid"`
		CategoryName string           `json:"category_name"`
		Class        int              `json:"class_uid"`
		ClassName    string           `json:"class_name"`
		Activity     Activity         `json:"activity_id"`
		ActivityName string           `json:"activity_name"`
		Type         int              `json:"type_uid"`
		Severity     decode.Severity  `json:"severity_id"`
		SeverityName string           `json:"severity"`
		Status       int              `json:"status_id"`
		StatusName   string           `json:"status"`
		StatusDetail text             `json:"status_detail,omitempty"`
		Time         int64            `json:"time"`
		Start        int64            `json:"start_time"`
		End          int64            `json:"end_time"`
		Count        uint64           `json:"count"`
		IsAlert      bool             `json:"is_alert"`
		Message      text             `json:"message"`
		Info         ocsfInfo         `json:"finding_info"`
		Remediation  ocsfRemediation  `json:"remediation"`
		Device       *ocsfDevice      `json:"device,omitempty"`
		Actor        ocsfActor        `json:"actor"`
		Observables  []ocsfObservable `json:"observables,omitempty"`
		Evidences    []ocsfEvidence   `json:"evidences,omitempty"`
	}
	ocsfMetadata struct {
		Version     string      `json:"version"`
		Product     ocsfProduct `json:"product"`
		UID         string      `json:"uid"`
		Correlation string      `json:"correlation_uid,omitempty"` // the incident
		Profiles    []string    `json:"profiles"`
	}
	ocsfProduct struct {
		Name   string `json:"name"`
		Vendor string `json:"vendor_name"`
	}
	ocsfInfo struct {
		UID      string       `json:"uid"`
		Title    text         `json:"title"`
		First    int64        `json:"first_seen_time"`
		Last     int64        `json:"last_seen_time"`
		Analytic ocsfAnalytic `json:"analytic"`
		Attacks  []ocsfAttack `json:"attacks,omitempty"`
	}
	ocsfAnalytic struct {
		UID  text   `json:"uid"`
		Name text   `json:"name"`
		ID   int    `json:"type_id"`
		Type string `json:"type"`
		Desc text   `json:"desc,omitempty"`
	}
	ocsfAttack struct {
		Version   string         `json:"version"`
		Tactic    *ocsfTechnique `json:"tactic,omitempty"`
		Technique *ocsfTechnique `json:"technique,omitempty"`
	}
	ocsfTechnique struct {
		UID  string `json:"uid,omitempty"`
		Name string `json:"name,omitempty"`
	}
	ocsfRemediation struct {
		Desc text `json:"desc"`
	}
	ocsfDevice struct {
		Hostname text `json:"hostname"`
		Type     int  `json:"type_id"`
	}
	ocsfActor struct {
		Process ocsfProcess `json:"process"`
	}
	ocsfProcess struct {
		PID       uint32         `json:"pid"`
		UID       string         `json:"uid,omitempty"`
		Name      text           `json:"name,omitempty"`
		Command   text           `json:"cmd_line,omitempty"`
		Directory text           `json:"working_directory,omitempty"`
		Created   int64          `json:"created_time,omitempty"`
		File      *ocsfFile      `json:"file,omitempty"`
		User      *ocsfUser      `json:"user,omitempty"`
		Container *ocsfContainer `json:"container,omitempty"`
		Ancestry  []ocsfProcess  `json:"ancestry,omitempty"`
	}
	ocsfFile struct {
		Name text `json:"name"`
		Path text `json:"path"`
		Type int  `json:"type_id"`
	}
	ocsfUser struct {
		UID  string `json:"uid"`
		Name text   `json:"name,omitempty"`
	}
	ocsfContainer struct {
		UID   text       `json:"uid"`
		Image *ocsfImage `json:"image,omitempty"`
	}
	ocsfImage struct {
		Name text `json:"name"`
	}
	ocsfObservable struct {
		ID    EntityType `json:"type_id"`
		Type  string     `json:"type"`
		Value text       `json:"value"`
	}
	ocsfEvidence struct {
		Data json.RawMessage `json:"data"`
	}
)

const (
	classDetection = 2004
	statusNew      = 1
	statusDropped  = 3 // Suppressed
	analyticRule   = 1
	regularFile    = 1
	deviceServer   = 1
)

func (a *Alert) ocsf(did Activity) *ocsfFinding {
	f := &a.Finding
	o := &ocsfFinding{
		Metadata: ocsfMetadata{
			Version: decode.OCSFVersion, Product: ocsfProduct{"Vigil", "Vigil"}, UID: a.ID, Correlation: a.Incident,
			Profiles: []string{"container", "host", "linux/linux_users", "security_control"},
		},
		Category: classDetection / 1000, CategoryName: "Findings", Class: classDetection, ClassName: "Detection Finding",
		Activity: did, ActivityName: did.String(), Type: classDetection*100 + int(did),
		Severity: f.Severity, SeverityName: f.Severity.String(), Status: statusNew, StatusName: "New",
		Time: milliseconds(a.Last), Start: milliseconds(a.First), End: milliseconds(a.Last), Count: a.Count, IsAlert: true,
		Message: text(a.String()), Remediation: ocsfRemediation{text(f.Next)},
		Info: ocsfInfo{
			UID: a.ID, Title: text(f.Title), First: milliseconds(a.First), Last: milliseconds(a.Last),
			Analytic: ocsfAnalytic{UID: text(f.Rule), Name: text(f.Title), ID: analyticRule, Type: "Rule"}, Attacks: f.attacks(),
		},
		Actor: ocsfActor{a.Process.ocsf()},
	}
	if f.Author != "" {
		o.Info.Analytic.Desc = text("by " + f.Author)
	}
	if a.Dismissed() {
		o.Status, o.StatusName, o.StatusDetail = statusDropped, "Suppressed", text(a.Dismiss)
	}
	if a.Host != "" {
		o.Device = &ocsfDevice{text(a.Host), deviceServer}
	}
	for i := range a.Ancestry {
		o.Actor.Process.Ancestry = append(o.Actor.Process.Ancestry, a.Ancestry[i].ocsf())
	}
	for _, e := range a.Entities {
		o.Observables = append(o.Observables, ocsfObservable{e.Type, e.Type.String(), text(e.Value)})
	}
	for _, e := range a.Evidence {
		o.Evidences = append(o.Evidences, ocsfEvidence{e.Event})
	}
	return o
}

func (f *Finding) attacks() []ocsfAttack {
	attack := ocsfAttack{Version: "17"}
	if f.Tactic != "" {
		t := TacticOf(f.Tactic)
		attack.Tactic = &ocsfTechnique{t.ID, t.Name}
	}
	if f.Technique != "" {
		attack.Technique = &ocsfTechnique{UID: f.Technique}
	}
	if attack.Tactic == nil && attack.Technique == nil {
		return nil
	}
	return []ocsfAttack{attack}
}

func (p *Process) ocsf() ocsfProcess {
	o := ocsfProcess{
		PID: p.PID, Name: text(p.Name()), Command: text(p.Command), Directory: text(p.Directory), Created: milliseconds(p.Start),
		User: &ocsfUser{UID: fmt.Sprint(p.UID), Name: text(p.User)},
	}
	if p.ExecID != 0 {
		o.UID = fmt.Sprintf("%016x", p.ExecID)
	}
	if p.Path != "" {
		o.File = &ocsfFile{text(p.Name()), text(p.Path), regularFile}
	}
	if p.Container != "" {
		o.Container = &ocsfContainer{UID: text(p.Container)}
		if p.Image != "" {
			o.Container.Image = &ocsfImage{text(p.Image)}
		}
	}
	return o
}
