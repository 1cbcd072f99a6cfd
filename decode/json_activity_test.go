package decode_test

import (
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// What the record says decides OCSF's activity, status and roles.
func TestJSONActivity(t *testing.T) {
	ends := recordtest.Ends("10.0.0.5:43210", "93.184.216.34:443")
	build := recordtest.Decoded
	with := func(flags uint16, k decode.Kind, fixed any, texts ...[]byte) decode.Record {
		h := recordtest.Header()
		h.Flags = flags
		return recordtest.DecodedWith(h, k, fixed, texts...)
	}
	dns := func(received uint32, message []byte) decode.Record {
		return build(decode.KindDNS, decode.DNS{Ends: ends, Answer: received}, message)
	}
	for _, c := range []struct {
		name string
		r    decode.Record
		want map[string]string
	}{
		{"an open that makes nothing", build(decode.KindFileOpen, decode.FileOpen{}, []byte("/x")), map[string]string{"type_uid": "100114", "activity_name": "Open"}},
		{"capabilities without users", build(decode.KindCredentials, decode.Credentials{After: decode.IDs{CapEffective: 1}}), map[string]string{"type_uid": "100799", "activity_name": "Set Credentials"}},
		{"ptrace that pokes", build(decode.KindPtrace, decode.Ptrace{Request: 5}), map[string]string{"type_uid": "100704", "activity_name": "Inject"}},
		{"reading another's memory", build(decode.KindProcessVM, decode.ProcessVM{}), map[string]string{"type_uid": "100407"}},
		{"cgroup that goes", build(decode.KindCgroup, decode.Cgroup{Removed: 1}, []byte("/a")), map[string]string{"type_uid": "100303"}},
		{"xattr of a user", build(decode.KindFileSetxattr, decode.FileSetxattr{}, []byte("/a"), []byte("user.x")), map[string]string{"type_uid": "100106"}},
		{"xattr that is an ACL", build(decode.KindFileSetxattr, decode.FileSetxattr{}, []byte("/a"), []byte("system.posix_acl_access")), map[string]string{"type_uid": "100107"}},
		{"anonymous memory", build(decode.KindMmap, decode.Memory{Address: 4096, MemoryFlags: decode.MemoryAnonymous}), map[string]string{"type_uid": "100401", "base_address": "0x1000"}},
		{"mprotect without execute", build(decode.KindMprotect, decode.Memory{Protection: 3}), map[string]string{"type_uid": "100402"}},
		{"mprotect of a file", build(decode.KindMprotect, decode.Memory{Protection: 5}, []byte("/lib/x.so")), map[string]string{"unmapped.file.path": "/lib/x.so", "type_uid": "100405"}},
		{"mprotect of what was not seen", build(decode.KindMprotect, decode.Memory{Protection: 5, Before: 1<<32 - 1}), map[string]string{"unmapped.protection_before": "[unknown]"}},
		{"refused connection", build(decode.KindConnect, decode.Socket{Ends: ends, Result: -111}), map[string]string{"type_uid": "400105", "status_id": "2", "status_code": "-111", "status_detail": "ECONNREFUSED"}},
		{"failed connection", build(decode.KindConnect, decode.Socket{Ends: ends, Result: -110}), map[string]string{"type_uid": "400104", "status_id": "2"}},
		{"connection under way", build(decode.KindConnect, decode.Socket{Ends: ends, Result: -115}), map[string]string{"type_uid": "400101", "status_id": "0", "status_detail": "EINPROGRESS"}},
		{"reset flow", build(decode.KindFlowEnd, decode.Flow{Ends: ends, Error: 104}), map[string]string{"type_uid": "400103", "unmapped.error": "ECONNRESET"}},
		{"accepted flow", build(decode.KindFlowEnd, decode.Flow{Ends: ends, Accepted: 1, BytesSent: 5, BytesReceived: 7, PacketsSent: 2, PacketsReceived: 3}), map[string]string{
			"src_endpoint.ip": "93.184.216.34", "dst_endpoint.ip": "10.0.0.5", "traffic.bytes_in": "5", "traffic.bytes_out": "7",
			"traffic.packets_in": "2", "traffic.packets_out": "3", "connection_info.direction_id": "1",
		}},
		{"datagram that came", build(decode.KindDatagram, decode.Socket{Ends: ends, Inbound: 1, Bytes: 9}), map[string]string{"src_endpoint.port": "443", "traffic.bytes_out": "9", "connection_info.direction_id": "1"}},
		{"question of ours", dns(0, recordtest.Question("a.example", decode.DNSTypeAAAA)), map[string]string{"type_uid": "400301", "query.type": "AAAA", "src_endpoint.ip": "10.0.0.5", "rcode_id": "<none>", "answers": "<none>"}},
		{"question to our server", dns(1, recordtest.Question("a.example", decode.DNSTypeA)), map[string]string{"type_uid": "400301", "src_endpoint.ip": "93.184.216.34"}},
		{"answer of our server", dns(0, recordtest.Answer("a.example", decode.DNSTypeA, []byte{1, 2, 3, 4})), map[string]string{"type_uid": "400302", "src_endpoint.ip": "93.184.216.34"}},
		{"dns that is none", dns(1, []byte("short")), map[string]string{"type_uid": "400302", "query": "<none>", "unmapped.message_hex": "73686f7274"}},
		{"bpf that looks", build(decode.KindBPF, decode.BPF{Command: 1}), map[string]string{"type_uid": "100304"}},
		{"kexec_load", build(decode.KindKexec, decode.Kexec{}), map[string]string{"kernel.system_call": "kexec_load"}},
		{"module without a file", build(decode.KindModule, decode.Module{FromMemory: 1}, []byte("evil")), map[string]string{"driver.file.name": "evil", "driver.file.path": "<none>", "unmapped.from_memory": "true"}},
		{"directory that goes", build(decode.KindFileUnlink, decode.FileChange{Directory: 1}, []byte("/d/")), map[string]string{"file.type_id": "2", "file.name": "d"}},
		{"the root", build(decode.KindFileChmod, decode.FileChange{}, []byte("/")), map[string]string{"file.name": "/", "file.path": "/"}},
		{"path that cannot be read", with(decode.EventPathUnreadable, decode.KindFileRead, decode.FileOpen{}), map[string]string{"file.name": "", "file.path": "<none>", "unmapped.flags": "[path_unreadable]"}},
		{"attempt", with(decode.EventAttempt, decode.KindFileUnlink, decode.FileChange{}, []byte("/x")), map[string]string{"status_id": "0", "unmapped.flags": "[attempt]"}},
		{"failure", with(decode.EventFailed|decode.EventFileDeleted|1<<15, decode.KindMount, decode.Mount{Result: -1}), map[string]string{"status_id": "2", "status_detail": "EPERM", "unmapped.flags": "[file_deleted failed 0x8000]"}},
		{"file without a name", with(decode.EventFileDeleted, decode.KindExec, decode.Exec{}, []byte("/tmp/x")), map[string]string{"process.file.is_deleted": "true"}},
		{"lost of no known kind", build(decode.KindLost, decode.Lost{Records: 1, CPU: 1<<32 - 1, Reason: 99}), map[string]string{"unmapped.lost_kind": "unknown", "unmapped.lost_cpu": "-1", "unmapped.reason": "99", "message": "1 records lost: unknown"}},
		{"abstract socket", build(decode.KindConnect, decode.Socket{Ends: decode.Endpoints{Family: 1}}, []byte("@x\xff")), map[string]string{"dst_endpoint.name_hex": "4078ff", "src_endpoint": "<none>"}},
	} {
		v := parsed(t, c.r, nil)
		for path, want := range c.want {
			if got := at(v, path); got != want {
				t.Errorf("%s: %s is %q, want %q", c.name, path, got, want)
			}
		}
	}
}

func TestJSONFoldedAndBare(t *testing.T) {
	h := recordtest.Header()
	h.Count = 12
	v := parsed(t, recordtest.DecodedWith(h, decode.KindFileRead, decode.FileOpen{}, []byte("/x")), nil)
	for path, want := range map[string]string{
		"count": "12", "unmapped.count": "12", "time": "1000123", "device": "<none>", "actor.process.pid": "1234",
		"actor.process.name": "<none>", "actor.process.container": "<none>", "actor.process.user.name": "<none>",
		"actor.process.parent_process.uid": "99aabbccddeeff00", "unmapped.pod": "<none>",
	} {
		if got := at(v, path); got != want {
			t.Errorf("%s is %s, want %s", path, got, want)
		}
	}
}

// A message of two bytes an answer must not become megabytes.
func TestJSONBoundsAnswers(t *testing.T) {
	label := "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	name := label + "." + label + "." + label + "." + label[:61]
	message := recordtest.Question(name, decode.DNSTypeCNAME)
	message[2], message[6], message[7] = 0x84, 0x0f, 0xff
	for range 4000 {
		message = append(message, 0xc0, 12, 0, 5, 0, 1, 0, 0, 0, 0, 0, 2, 0xc0, 12)
	}
	r := recordtest.Decoded(decode.KindDNS, decode.DNS{Answer: 1}, message)
	out := decode.AppendJSON(nil, r, nil)
	if v := parsed(t, r, nil); at(v, "answers.63.rdata") != name || at(v, "answers.64") != "<none>" {
		t.Errorf("answers are not 64: %.200s", out)
	}
	if len(out) > 2*len(message)+64*400+4096 {
		t.Errorf("%d bytes of JSON for %d of DNS", len(out), len(message))
	}
}
