package export

// ECS is https://www.elastic.co/docs/reference/ecs. The rows are in the order of their names, by
// bytes, so that what lies in one object stands together.
const ecsVersion = "8.17.0"

var ecsRows = [...]row{
	{name: "@timestamp", path: "time", as: asTime},
	{name: "agent.id", path: sensorPath},
	{name: "agent.type", path: "=vigil"},
	{name: "container.id", path: "actor.process.container.uid", launched: "process.container.uid"},
	{name: "container.image.name", path: "actor.process.container.image.name", launched: "process.container.image.name"},
	{name: "container.name", path: "actor.process.container.name", launched: "process.container.name"},
	{name: "container.runtime", path: "actor.process.container.runtime", launched: "process.container.runtime"},
	{name: "destination.ip", path: "dst_endpoint.ip"},
	{name: "destination.port", path: "dst_endpoint.port"},
	{name: "dns.question.name", path: "query.hostname"},
	{name: "dns.question.type", path: "query.type"},
	{name: "dns.response_code", path: "rcode"},
	{name: "ecs.version", path: "=" + ecsVersion},
	{name: "event.action", path: "activity_name"},
	{name: "event.category", path: "class_uid", as: asCategory},
	{name: "event.code", path: "type_uid", alert: "finding_info.analytic.uid"},
	{name: "event.dataset", path: "=vigil"},
	{name: "event.end", path: "end_time", as: asTime},
	{name: "event.id", path: "metadata.uid"},
	{name: "event.kind", path: "=event", alert: "=alert"},
	{name: "event.module", path: "=vigil"},
	{name: "event.outcome", path: "status_id", alert: nowhere, as: asOutcome},
	{name: "event.reason", path: "status_detail"},
	{name: "event.severity", path: "severity_id"},
	{name: "event.start", path: "start_time", as: asTime},
	{name: "event.type", path: "type_uid", as: asType},
	{name: "file.inode", path: "file.uid", launched: nowhere},
	{name: "file.name", path: "file.name", launched: nowhere},
	{name: "file.path", path: "file.path", launched: nowhere},
	{name: "file.size", path: "file_result.size", launched: nowhere},
	{name: "file.target_path", path: "file_result.path", launched: nowhere},
	{name: "file.uid", path: "file.owner.uid", launched: nowhere},
	{name: "host.hostname", path: "device.hostname"},
	{name: "host.name", path: "device.hostname"},
	{name: "log.level", path: "severity"},
	{name: "message", path: "message"},
	{name: "network.bytes", path: "traffic.bytes"},
	{name: "network.direction", path: "connection_info.direction_id", as: asFlow},
	{name: "network.iana_number", path: "connection_info.protocol_num"},
	{name: "network.packets", path: "traffic.packets"},
	{name: "network.transport", path: "connection_info.protocol_name"},
	{name: "process.args", path: nowhere, launched: "unmapped.args", alert: nowhere},
	{name: "process.args_count", path: nowhere, launched: "unmapped.argc", alert: nowhere},
	{name: "process.command_line", path: "actor.process.cmd_line", launched: "process.cmd_line"},
	{name: "process.entity_id", path: "actor.process.uid", launched: "process.uid"},
	{name: "process.executable", path: "actor.process.file.path", launched: "process.file.path"},
	{name: "process.exit_code", path: "exit_code"},
	{name: "process.name", path: "actor.process.name", launched: "process.name"},
	{name: "process.parent.command_line", path: "actor.process.parent_process.cmd_line", launched: "actor.process.cmd_line", alert: "actor.process.ancestry.0.cmd_line"},
	{name: "process.parent.entity_id", path: "actor.process.parent_process.uid", launched: "actor.process.uid", alert: "actor.process.ancestry.0.uid"},
	{name: "process.parent.executable", path: "actor.process.parent_process.file.path", launched: "actor.process.file.path", alert: "actor.process.ancestry.0.file.path"},
	{name: "process.parent.name", path: "actor.process.parent_process.name", launched: "actor.process.name", alert: "actor.process.ancestry.0.name"},
	{name: "process.parent.pid", path: "actor.process.parent_process.pid", launched: "actor.process.pid", alert: "actor.process.ancestry.0.pid"},
	{name: "process.pid", path: "actor.process.pid", launched: "process.pid"},
	{name: "process.start", path: "actor.process.created_time", launched: "process.created_time", as: asTime},
	{name: "process.thread.id", path: "actor.process.ptid", launched: "process.ptid"},
	{name: "process.working_directory", path: "actor.process.working_directory", launched: "process.working_directory"},
	{name: "rule.id", path: nowhere, launched: nowhere, alert: "finding_info.analytic.uid"},
	{name: "rule.name", path: nowhere, launched: nowhere, alert: "finding_info.title"},
	{name: "source.ip", path: "src_endpoint.ip"},
	{name: "source.port", path: "src_endpoint.port"},
	{name: "threat.tactic.id", path: nowhere, launched: nowhere, alert: "finding_info.attacks.0.tactic.uid"},
	{name: "threat.tactic.name", path: nowhere, launched: nowhere, alert: "finding_info.attacks.0.tactic.name"},
	{name: "threat.technique.id", path: nowhere, launched: nowhere, alert: "finding_info.attacks.0.technique.uid"},
	{name: "user.id", path: "actor.process.user.uid", launched: "process.user.uid"},
	{name: "user.name", path: "actor.process.user.name", launched: "process.user.name"},
	{name: "vigil.count", path: "count"},
	{name: "vigil.incident", path: nowhere, launched: nowhere, alert: "metadata.correlation_uid"},
	{name: "vigil.kind", path: "unmapped.kind", alert: "=alert"},
	{name: "vigil.next", path: nowhere, launched: nowhere, alert: "remediation.desc"},
	{name: "vigil.status", path: nowhere, launched: nowhere, alert: "status"},
	{name: "vigil.target.entity_id", path: "process.uid", launched: nowhere},
	{name: "vigil.target.pid", path: "process.pid", launched: nowhere},
}

// ecsCategory gives event.category of a class.
func ecsCategory(class string) string {
	switch class {
	case "1001":
		return `["file"]`
	case "1002":
		return `["driver"]`
	case "1003", "6008":
		return `["host"]`
	case "1004", "1007":
		return `["process"]`
	case "1005":
		return `["library"]`
	case "2004":
		return `["intrusion_detection"]`
	case "4001", "4003":
		return `["network"]`
	}
	return `[]`
}

// ecsType gives event.type of a class with its activity.
func ecsType(activity string) string {
	switch activity {
	case "100101":
		return `["creation"]`
	case "100102", "100114":
		return `["access"]`
	case "100103", "100105", "100106", "100107", "100799", "100705":
		return `["change"]`
	case "100104":
		return `["deletion"]`
	case "100501", "100701", "100201":
		return `["start"]`
	case "100702":
		return `["end"]`
	case "400101":
		return `["connection","start"]`
	case "400102", "400103":
		return `["connection","end"]`
	case "400105":
		return `["connection","denied"]`
	case "400301", "400302":
		return `["protocol"]`
	case "600801":
		return `["error"]`
	}
	return `["info"]`
}
