package behavior

// defender gives the name of the alert of Microsoft Defender for servers that a
// finding of this package answers; empty for none.
func defender(rule string) string {
	switch rule {
	case "vigil-ransomware":
		return "Behavior similar to ransomware detected"
	case "vigil-intelligence-domain":
		return "Communication with suspicious domain identified by threat intelligence"
	case "vigil-intelligence-download":
		return "Detected file download from a known malicious source"
	case "vigil-anomalous-case":
		return "Detected anomalous mix of upper and lower case characters in command line"
	case "vigil-mining":
		return "Digital currency mining related behavior detected"
	case "vigil-brute-force-failed":
		return "Failed SSH brute force attack"
	case "vigil-brute-force-successful":
		return "Successful SSH brute force attack"
	case "vigil-download-execute", "vigil-download-pipe":
		return "Possible backdoor detected"
	case "vigil-web-shell":
		return "Possible malicious web shell detected"
	case "vigil-beacon", "vigil-port-scan", "vigil-port-sweep":
		return "Detected suspicious network activity"
	}
	return ""
}
