package behavior

import "bytes"

// spared tells of files that programs write for themselves: logs, caches, what is named
// by the digest of its content.
func spared(path []byte) bool {
	for _, dir := range [...]string{"/proc/", "/sys/", "/var/log/", "/var/cache/"} {
		if bytes.HasPrefix(path, []byte(dir)) {
			return true
		}
	}
	if bytes.HasPrefix(path, []byte("/dev/")) && !temporary(path) {
		return true
	}
	for _, dir := range [...]string{"/.git/", "/cache/", "/.cache/", "/caches/", "/Cache/", "/cache2/", "/Cache_Data/"} {
		if bytes.Contains(path, []byte(dir)) {
			return true
		}
	}
	name := base(path)
	return bytes.HasSuffix(name, []byte(".log")) || digest(name)
}

func digest(name []byte) bool {
	n := 0
	for n < len(name) && (name[n] >= '0' && name[n] <= '9' || name[n] >= 'a' && name[n] <= 'f' || name[n] >= 'A' && name[n] <= 'F') {
		n++
	}
	return n >= 32 && (n == len(name) || name[n] == '.')
}

// trades tells of programs that rewrite what is theirs, or copy what is another's, by
// trade: databases, backup, encrypted file systems, package managers, compilers. They
// must lie where only root may put them.
func trades(path []byte) bool {
	if !bytes.HasPrefix(path, []byte("/usr/")) && !bytes.HasPrefix(path, []byte("/opt/")) && !bytes.HasPrefix(path, []byte("/bin/")) && !bytes.HasPrefix(path, []byte("/sbin/")) {
		return false
	}
	switch string(base(path)) {
	case "postgres", "mysqld", "mariadbd", "mongod", "redis-server", "valkey-server", "clickhouse-server", "etcd", "influxd", "slapd",
		"borg", "restic", "kopia", "rclone", "rsync", "bacula-sd", "brotli", "fio",
		"gocryptfs", "encfs", "cryfs", "securefs",
		"dpkg", "dpkg-deb", "rpm", "dnf", "yum", "zypper", "pacman", "apk", "snapd", "flatpak",
		"cc1", "cc1plus", "as", "ld", "ld.bfd", "ld.gold", "ld.lld", "mold", "clang", "rustc", "compile", "link", "javac":
		return true
	}
	return false
}

// document tells of endings of files that people keep.
func document(end []byte) bool {
	var lower [8]byte
	if len(end) > len(lower) {
		return false
	}
	for i, c := range end {
		if lower[i] = c; c >= 'A' && c <= 'Z' {
			lower[i] += 'a' - 'A'
		}
	}
	switch string(lower[:len(end)]) {
	case "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "odp", "pdf", "rtf", "txt", "md", "csv", "sql", "html", "htm", "xml", "eml",
		"jpg", "jpeg", "png", "gif", "tif", "tiff", "bmp", "psd", "svg", "heic", "mp3", "wav", "mp4", "mov", "avi", "mkv", "zip", "tar", "dwg":
		return true
	}
	return false
}
