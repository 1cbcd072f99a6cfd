package control

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"
)

// maxFinding bounds one alert's JSON: a title, a process with its ancestry and a few
// events are some 20 KiB.
const maxFinding = 1 << 20

// ParseFinding reads an alert as detect.Alert.AppendJSON writes it. Sensors are not
// trusted: what an identifier may be is checked, and the sensor's name made part of it,
// so that one sensor never writes over another's alert.
func ParseFinding(sensor string, line []byte) (Alert, error) {
	if len(line) > maxFinding {
		return Alert{}, fmt.Errorf("parse alert: %w: %d bytes, the most is %d", ErrInvalid, len(line), maxFinding)
	}
	var f struct {
		Severity uint8  `json:"severity_id"`
		Status   uint8  `json:"status_id"`
		Detail   string `json:"status_detail"`
		First    int64  `json:"start_time"`
		Last     int64  `json:"end_time"`
		Count    uint64 `json:"count"`
		Message  string `json:"message"`
		Metadata struct {
			UID      string `json:"uid"`
			Incident string `json:"correlation_uid"`
		} `json:"metadata"`
		Info struct {
			Title    string `json:"title"`
			Analytic struct {
				UID string `json:"uid"`
			} `json:"analytic"`
			Attacks []struct {
				Technique struct {
					UID string `json:"uid"`
				} `json:"technique"`
			} `json:"attacks"`
		} `json:"finding_info"`
		Device struct {
			Host string `json:"hostname"`
		} `json:"device"`
		Actor struct {
			Process struct {
				UID  string `json:"uid"`
				File struct {
					Path string `json:"path"`
				} `json:"file"`
			} `json:"process"`
		} `json:"actor"`
	}
	if err := json.Unmarshal(line, &f); err != nil {
		return Alert{}, fmt.Errorf("parse alert: %w: %w", ErrInvalid, err)
	}
	if !plainID(f.Metadata.UID) || f.Metadata.Incident != "" && !plainID(f.Metadata.Incident) || f.Info.Analytic.UID == "" {
		return Alert{}, fmt.Errorf("parse alert: %w: its identifiers", ErrInvalid)
	}
	a := Alert{
		ID: sensor + "." + f.Metadata.UID, Sensor: sensor, Rule: f.Info.Analytic.UID, Title: f.Info.Title, Message: f.Message,
		Host: f.Device.Host, Process: f.Actor.Process.File.Path, ExecID: f.Actor.Process.UID, Severity: f.Severity,
		First: time.UnixMilli(f.First).UTC(), Last: time.UnixMilli(f.Last).UTC(), Count: min(f.Count, 1<<62), Status: New, Finding: line,
	}
	a.Incident = a.ID
	if f.Metadata.Incident != "" {
		a.Incident = sensor + "." + f.Metadata.Incident
	}
	if len(f.Info.Attacks) > 0 {
		a.Technique = f.Info.Attacks[0].Technique.UID
	}
	const suppressed = 3 // OCSF's status_id
	if f.Status == suppressed {
		a.Status, a.Reason = Dismissed, f.Detail
	}
	for _, s := range []*string{&a.Rule, &a.Title, &a.Message, &a.Host, &a.Process, &a.ExecID, &a.Technique, &a.Reason} {
		*s = kept(*s)
	}
	return a, nil
}

// kept is text as every database takes it: PostgreSQL has no zero byte in text.
func kept(s string) string {
	return strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", "\uFFFD"), "\uFFFD")
}

func plainID(s string) bool {
	return len(s) >= 1 && len(s) <= 64 && strings.Trim(s, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_") == ""
}
