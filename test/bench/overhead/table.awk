# The table of "SENSOR WORKLOAD ns" lines: the median of the rounds, and what it is
# above no sensor.
$1 ~ /^(none|vigil|auditd|bpftrace)$/ && NF == 3 { figure[$1, $2, ++count[$1, $2]] = $3 }
/^seen (auditd|bpftrace) 0 / { print "overhead: " $2 " saw nothing: its figures say nothing"; blind = 1 }
/^seen/ { seen = seen $0 "\n" }
function median(sensor, work,    n, i, j, v, x) {
	n = count[sensor, work]
	for (i = 1; i <= n; i++) v[i] = figure[sensor, work, i]
	for (i = 2; i <= n; i++) for (j = i; j > 1 && v[j] < v[j-1]; j--) { x = v[j]; v[j] = v[j-1]; v[j-1] = x }
	return n % 2 ? v[(n+1)/2] : (v[n/2] + v[n/2+1]) / 2
}
END {
	workloads = split("exec samefile write connect getppid", work, " ")
	sensors = split("none vigil auditd bpftrace", sensor, " ")
	printf "%-10s", "us an op"
	for (s = 1; s <= sensors; s++) printf " %20s", sensor[s]
	print ""
	for (w = 1; w <= workloads; w++) {
		printf "%-10s", work[w]
		none = median("none", work[w])
		for (s = 1; s <= sensors; s++) {
			if (!count[sensor[s], work[w]]) { print "\noverhead: no figure of " sensor[s] " for " work[w]; exit 1 }
			m = median(sensor[s], work[w])
			cell = sensor[s] == "none" ? sprintf("%.2f", m / 1000) : sprintf("%.2f (%+.1f %%)", m / 1000, (m / none - 1) * 100)
			printf " %20s", cell
		}
		print ""
	}
	printf "%s", seen
	exit blind
}
