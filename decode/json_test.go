package decode_test

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"

	"vigil/decode"
	"vigil/decode/recordtest"
)

// parsed is output as encoding/json reads it.
func parsed(t testing.TB, r decode.Record, a *decode.Actor) map[string]any {
	t.Helper()
	b := decode.AppendJSON(nil, r, a)
	d := json.NewDecoder(strings.NewReader(string(b)))
	d.UseNumber()
	var v map[string]any
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v in\n%s", r.Kind(), err, b)
	}
	if d.More() || strings.ContainsAny(string(b), "\n\x00") {
		t.Fatalf("%s: more than one line:\n%s", r.Kind(), b)
	}
	return v
}

// at gives what a dotted path leads to, as text; <none> where there is nothing.
func at(v any, path string) string {
	for _, step := range strings.Split(path, ".") {
		switch x := v.(type) {
		case map[string]any:
			next, ok := x[step]
			if !ok {
				return "<none>"
			}
			v = next
		case []any:
			i, err := strconv.Atoi(step)
			if err != nil || i >= len(x) {
				return "<none>"
			}
			v = x[i]
		default:
			return "<none>"
		}
	}
	return fmt.Sprint(v)
}

func sample(t testing.TB, k decode.Kind) decode.Record {
	t.Helper()
	r, err := decode.Decode(recordtest.Sample(k))
	if err != nil {
		t.Fatalf("%s: %v", k, err)
	}
	return r
}

// jsonCases are, for the sample of each kind, what OCSF's consumers look for.
func jsonCases() map[decode.Kind]map[string]string {
	return map[decode.Kind]map[string]string{
		decode.KindFork: {
			"class_uid": "1007", "activity_id": "1", "type_uid": "100701", "launch_type_id": "2", "process.pid": "1240",
			"process.uid": "abcdef0123456789", "process.name": "bash", "actor.process.pid": "1234",
		},
		decode.KindExec: {
			"class_uid": "1007", "class_name": "Process Activity", "category_uid": "1", "activity_id": "1", "activity_name": "Launch",
			"type_uid": "100701", "launch_type_id": "3", "severity_id": "1", "severity": "Informational", "status_id": "1", "time": "1700001000123",
			"metadata.version": decode.OCSFVersion, "device.hostname": "web1",
			"process.pid": "1234", "process.ptid": "1235", "process.uid": "1122334455667788", "process.name": "curl",
			"process.cmd_line": "curl -fsS 'https://example.com/a b'", "process.working_directory": "/home/deploy",
			"process.file.path": "/usr/bin/curl", "process.file.name": "curl", "process.file.uid": "262147",
			"process.file.volume": "8:1", "process.file.owner.uid": "0", "process.file.type_id": "8",
			"process.user.uid": "1000", "process.user.name": "deploy", "process.group.uid": "1000", "process.euid": "1000",
			"process.egid": "1000", "process.auid": "1000", "process.session.uid": "3", "process.session.terminal": "pts0",
			"process.namespace_pid": "1234", "process.parent_process.pid": "1200", "process.parent_process.uid": "99aabbccddeeff00",
			"process.container.name": "web", "process.container.image.name": "nginx:1.27", "process.container.runtime": "containerd",
			"process.created_time": "1700000999000", "actor.process.pid": "1200", "actor.process.uid": "99aabbccddeeff00",
			"actor.process.name": "sshd", "unmapped.args": "[curl -fsS https://example.com/a b]", "unmapped.argc": "3",
			"unmapped.kind": "exec", "unmapped.time_ns": "1000123456789", "unmapped.stdio": "[tty pipe null]",
			"unmapped.previous_exec_id": "5555666677778888", "unmapped.file_mode": "0100755", "unmapped.namespaces.net": "4026531840",
			"unmapped.pod.name": "web-0", "unmapped.pod.namespace": "shop",
		},
		decode.KindProcess: {
			"class_uid": "1007", "activity_id": "99", "activity_name": "Running", "process.pid": "1234", "process.name": "curl",
			"actor.process.pid": "1200", "launch_type_id": "<none>",
		},
		decode.KindExit: {
			"class_uid": "1007", "activity_id": "2", "exit_code": "22", "process.uid": "1122334455667788",
			"process.terminated_time": "1700001000123", "actor.process.uid": "1122334455667788", "unmapped.signal": "0",
			"unmapped.user_cpu_ns": "1500000", "unmapped.core_dumped": "false",
		},
		decode.KindCredentials: {
			"class_uid": "1007", "activity_id": "5", "unmapped.before.euid": "1000", "unmapped.after.euid": "0",
			"unmapped.after.cap_effective": "000001ffffffffff",
		},
		decode.KindNamespace: {
			"class_uid": "1007", "activity_id": "99", "activity_name": "Set Namespace", "unmapped.namespace_flags": "[mount pid]",
			"unmapped.joined": "false", "unmapped.namespaces.mount": "4026532001",
		},
		decode.KindPtrace: {
			"class_uid": "1007", "activity_id": "3", "process.pid": "77", "unmapped.request": "16", "unmapped.address": "0x7f0000001000",
		},
		decode.KindProcessVM: {
			"class_uid": "1004", "activity_id": "8", "activity_name": "Write", "process.pid": "77", "size": "4096", "status_code": "4096",
		},
		decode.KindSignal:     {"class_uid": "1007", "activity_name": "Signal", "process.pid": "77", "process.user.uid": "33", "unmapped.signal": "9"},
		decode.KindRenameTask: {"class_uid": "1007", "activity_name": "Rename", "process.name": "kworker/0:1", "process.pid": "1234"},
		decode.KindCgroup: {
			"class_uid": "1003", "activity_id": "1", "kernel.path": "/system.slice/docker-0123.scope", "kernel.name": "docker-0123.scope",
			"kernel.type": "Control Group", "unmapped.id": "5001",
		},
		decode.KindFileOpen: {
			"class_uid": "1001", "activity_id": "1", "file.path": "/var/www/html/uploads/shell.php", "file.name": "shell.php",
			"file.type_id": "1", "file.uid": "393221", "file.volume": "8:1", "access_mask": "577",
			"unmapped.open_flags": "[wronly creat trunc]", "unmapped.created": "true", "unmapped.file.mode": "0100644",
		},
		decode.KindFileWrite: {
			"class_uid": "1001", "activity_id": "3", "unmapped.bytes": "13000", "unmapped.writes": "4", "start_time": "1700001000000",
			"end_time": "1700001000100",
		},
		decode.KindFileRead: {"class_uid": "1001", "activity_id": "2", "file.path": "/etc/shadow"},
		decode.KindFileRename: {
			"class_uid": "1001", "activity_id": "5", "file.path": "/var/lib/dpkg/status-new", "file_result.path": "/var/lib/dpkg/status",
			"unmapped.rename_flags": "[noreplace]",
		},
		decode.KindFileUnlink: {"class_uid": "1001", "activity_id": "4", "file.path": "/var/log/auth.log", "unmapped.directory": "false"},
		decode.KindFileLink: {
			"class_uid": "1001", "activity_id": "1", "file.path": "/tmp/p", "unmapped.link_target": "/etc/passwd", "file.type_id": "1",
		},
		decode.KindFileSymlink: {
			"class_uid": "1001", "activity_id": "1", "file.path": "/srv/www/s", "unmapped.link_target": "../../etc/shadow", "file.type_id": "7",
		},
		decode.KindFileChmod: {"class_uid": "1001", "activity_id": "7", "file.path": "/tmp/x", "unmapped.new_mode": "04755"},
		decode.KindFileChown: {"class_uid": "1001", "activity_id": "7", "unmapped.new_owner": "0", "unmapped.new_group": "4294967295"},
		decode.KindFileSetxattr: {
			"class_uid": "1001", "activity_id": "7", "unmapped.xattr": "security.capability", "unmapped.xattr_size": "20",
		},
		decode.KindFileTruncate: {"class_uid": "1001", "activity_id": "3", "file_result.size": "0", "file.path": "/root/.bash_history"},
		decode.KindFileMkdir:    {"class_uid": "1001", "activity_id": "1", "file.type_id": "2", "unmapped.new_mode": "0755"},
		decode.KindMount: {
			"class_uid": "1001", "activity_id": "12", "file.path": "/mnt/host", "unmapped.source": "/dev/vda1",
			"unmapped.file_system": "ext4", "unmapped.mount_flags": "0x1000",
		},
		decode.KindUmount:    {"class_uid": "1001", "activity_id": "13", "file.path": "/mnt/host"},
		decode.KindPivotRoot: {"class_uid": "1001", "activity_name": "Pivot Root", "file.path": "/new", "unmapped.source": "/new/old"},
		decode.KindMmap: {
			"class_uid": "1005", "activity_id": "1", "module.file.path": "/usr/lib/x86_64-linux-gnu/libc.so.6",
			"module.base_address": "0x7f1234560000", "module.load_type_id": "4", "unmapped.protection": "[read exec]", "unmapped.size": "8192",
		},
		decode.KindMprotect: {
			"class_uid": "1004", "activity_id": "5", "base_address": "0x7f1234560000", "size": "4096", "requested_permissions": "7",
			"process.pid": "1234", "unmapped.protection_before": "[read write]", "unmapped.memory_flags": "[anonymous writable]",
		},
		decode.KindMemfd:       {"class_uid": "1001", "activity_id": "1", "file.name": "payload", "file.type": "Memory File", "status_code": "3"},
		decode.KindUserfaultfd: {"class_uid": "1003", "activity_id": "4", "kernel.system_call": "userfaultfd", "unmapped.descriptor_flags": "0x800"},
		decode.KindIOUring:     {"class_uid": "1003", "activity_id": "4", "kernel.name": "io_uring", "unmapped.entries": "256"},
		decode.KindConnect: {
			"class_uid": "4001", "class_name": "Network Activity", "category_uid": "4", "activity_id": "1", "src_endpoint.ip": "10.0.0.5",
			"src_endpoint.port": "43210", "dst_endpoint.ip": "93.184.216.34", "dst_endpoint.port": "443",
			"connection_info.direction_id": "2", "connection_info.protocol_num": "6", "connection_info.protocol_name": "tcp",
			"connection_info.protocol_ver_id": "4", "connection_info.uid": "ffff888012345678", "unmapped.latency_ns": "12345678",
			"unmapped.family": "inet", "unmapped.socket_type": "stream",
		},
		decode.KindAccept: {
			"class_uid": "4001", "activity_id": "1", "src_endpoint.ip": "2001:db8::2", "dst_endpoint.ip": "2001:db8::1",
			"dst_endpoint.port": "22", "connection_info.direction_id": "1", "connection_info.protocol_ver_id": "6",
		},
		decode.KindBind: {"class_uid": "4001", "activity_name": "Bind", "dst_endpoint.port": "4444", "connection_info.direction_id": "0"},
		decode.KindListen: {
			"class_uid": "4001", "activity_id": "7", "dst_endpoint.name": "@/tmp/.hidden", "unmapped.backlog": "128",
			"unmapped.family": "unix", "dst_endpoint.ip": "<none>",
		},
		decode.KindFlowEnd: {
			"class_uid": "4001", "activity_id": "2", "traffic.bytes_out": "700", "traffic.bytes_in": "15000", "traffic.bytes": "15700",
			"traffic.packets_out": "9", "traffic.packets_in": "14", "start_time": "1700000990000", "unmapped.accepted": "false",
		},
		decode.KindDatagram: {
			"class_uid": "4001", "activity_id": "6", "traffic.bytes": "48", "connection_info.protocol_name": "udp", "dst_endpoint.port": "123",
		},
		decode.KindRawSocket: {"class_uid": "4001", "activity_name": "Raw Socket", "unmapped.family": "packet", "unmapped.protocol": "3", "connection_info.protocol_num": "<none>", "unmapped.socket_type": "raw"},
		decode.KindDNS: {
			"class_uid": "4003", "activity_id": "2", "activity_name": "Response", "query.hostname": "www.example.com", "query.type": "A",
			"query.class": "IN", "query.packet_uid": "4660", "answers.0.rdata": "93.184.216.34", "answers.0.type": "A",
			"answers.0.ttl": "300", "rcode_id": "0", "rcode": "NoError", "src_endpoint.ip": "10.0.0.5", "connection_info.direction_id": "2",
			"unmapped.message_size": "49",
		},
		decode.KindModule: {
			"class_uid": "1002", "class_name": "Kernel Extension Activity", "activity_id": "1", "driver.file.path": "/tmp/rootkit.ko",
			"unmapped.module_name": "rootkit", "unmapped.parameters": "hide=1", "unmapped.from_memory": "false",
		},
		decode.KindBPF: {
			"class_uid": "1003", "activity_id": "1", "kernel.name": "bpf prog_load", "kernel.system_call": "bpf", "unmapped.name": "trace_exec",
			"unmapped.type": "26", "unmapped.program_type": "tracing", "unmapped.instructions": "512",
		},
		decode.KindKexec:  {"class_uid": "1003", "kernel.system_call": "kexec_file_load", "unmapped.segments": "4"},
		decode.KindSysctl: {"class_uid": "1003", "activity_name": "Write", "kernel.path": "kernel/core_pattern", "unmapped.value": "|/tmp/x"},
		decode.KindLost: {
			"class_uid": "6008", "severity_id": "2", "severity": "Low", "message": "120 records lost: ring_full", "unmapped.lost_kind": "file_open",
			"unmapped.records": "120", "actor": "<none>",
		},
	}
}

func TestJSON(t *testing.T) {
	cases := jsonCases()
	for _, k := range kinds() {
		want, ok := cases[k]
		if !ok {
			t.Errorf("%s has no case", k)
			continue
		}
		v := parsed(t, sample(t, k), someone())
		for path, w := range want {
			if got := at(v, path); got != w {
				t.Errorf("%s: %s is %s, want %s", k, path, got, w)
			}
		}
		if c, a, ty := at(v, "class_uid"), at(v, "activity_id"), at(v, "type_uid"); fmt.Sprintf("%s%02s", c, a) != ty {
			t.Errorf("%s: type_uid %s of class %s and activity %s", k, ty, c, a)
		}
		if got := at(v, "unmapped.kind"); got != k.String() {
			t.Errorf("%s: kind is %s", k, got)
		}
	}
}
