package export

// CEF is https://www.microfocus.com/documentation/arcsight/arcsight-smartconnectors/pdfdoc/cef-implementation-standard:
// source is the process that does, destination the one it does something to. The most bytes of a value are those of the dictionary.
var cefRows = [...]row{
	{name: "rt", path: "time"},
	{name: "dvchost", path: "device.hostname", most: 100},
	{name: "deviceExternalId", path: sensorPath, most: 255},
	{name: "externalId", path: nowhere, launched: nowhere, alert: "metadata.uid", most: 40},
	{name: "cat", path: "class_name", most: 1023},
	{name: "act", path: "activity_name", most: 63},
	{name: "outcome", path: "status_id", alert: nowhere, as: asOutcome},
	{name: "reason", path: "status_detail", most: 1023},
	{name: "msg", path: "message", most: 1023},
	{name: "start", path: "start_time", as: asTime},
	{name: "end", path: "end_time", as: asTime},
	{name: "cnt", path: "count"},
	{name: "spid", path: "actor.process.pid"},
	{name: "sproc", path: "actor.process.name", most: 1023},
	{name: "suid", path: "actor.process.user.uid", most: 1023},
	{name: "suser", path: "actor.process.user.name", most: 1023},
	{name: "dpid", path: "process.pid"},
	{name: "dproc", path: "process.name", most: 1023},
	{name: "duid", path: "process.user.uid", most: 1023},
	{name: "duser", path: "process.user.name", most: 1023},
	{name: "filePath", path: "file.path", launched: "process.file.path", alert: "actor.process.file.path", most: 1023},
	{name: "fname", path: "file.name", launched: "process.file.name", alert: "actor.process.file.name", most: 1023},
	{name: "src", path: "src_endpoint.ip", as: asIPv4},
	{name: "c6a2", path: "src_endpoint.ip", as: asIPv6},
	{name: "spt", path: "src_endpoint.port"},
	{name: "dst", path: "dst_endpoint.ip", as: asIPv4},
	{name: "c6a3", path: "dst_endpoint.ip", as: asIPv6},
	{name: "dpt", path: "dst_endpoint.port"},
	{name: "proto", path: "connection_info.protocol_name", most: 31},
	{name: "deviceDirection", path: "connection_info.direction_id", as: asDirection},
	{name: "in", path: "traffic.bytes_in"},
	{name: "out", path: "traffic.bytes_out"},
	{name: "destinationDnsDomain", path: "query.hostname", most: 255},
	{name: "cs1", path: "actor.process.cmd_line", launched: "process.cmd_line", most: 4000},
	{name: "cs2", path: "actor.process.uid", launched: "process.uid", most: 4000},
	{name: "cs3", path: nowhere, launched: nowhere, alert: "finding_info.attacks.0.technique.uid", most: 4000},
	{name: "cs4", path: "actor.process.container.uid", launched: "process.container.uid", most: 4000},
	{name: "cs5", path: nowhere, launched: nowhere, alert: "metadata.correlation_uid", most: 4000},
	{name: "cs6", path: "file_result.path", most: 4000},
	{name: "flexString1", path: nowhere, launched: nowhere, alert: "remediation.desc", most: 1023},
}

// cefLabels name the fields that CEF leaves to us.
var cefLabels = map[string]string{
	"c6a2": "Source IPv6 Address", "c6a3": "Destination IPv6 Address", "cs1": "commandLine", "cs2": "execID", "cs3": "technique",
	"cs4": "containerID", "cs5": "incident", "cs6": "newFilePath", "flexString1": "nextSteps",
}
