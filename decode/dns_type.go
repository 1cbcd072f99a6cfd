package decode

import "strconv"

// DNSType is the type of a record (RFC 6895, section 3.1).
type DNSType uint16

// The types with data that AppendData reads.
const (
	DNSTypeA     DNSType = 1
	DNSTypeNS    DNSType = 2
	DNSTypeCNAME DNSType = 5
	DNSTypeSOA   DNSType = 6
	DNSTypePTR   DNSType = 12
	DNSTypeMX    DNSType = 15
	DNSTypeTXT   DNSType = 16
	DNSTypeAAAA  DNSType = 28
	DNSTypeSRV   DNSType = 33
	DNSTypeDNAME DNSType = 39
	DNSTypeSVCB  DNSType = 64
	DNSTypeHTTPS DNSType = 65
)

// dnsTypes are IANA's mnemonics. Never changed.
var dnsTypes = [...]string{
	1: "A", 2: "NS", 5: "CNAME", 6: "SOA", 10: "NULL", 12: "PTR", 13: "HINFO", 15: "MX", 16: "TXT", 17: "RP", 24: "SIG",
	25: "KEY", 28: "AAAA", 29: "LOC", 33: "SRV", 35: "NAPTR", 37: "CERT", 39: "DNAME", 41: "OPT", 43: "DS", 44: "SSHFP",
	46: "RRSIG", 47: "NSEC", 48: "DNSKEY", 50: "NSEC3", 51: "NSEC3PARAM", 52: "TLSA", 59: "CDS", 60: "CDNSKEY",
	61: "OPENPGPKEY", 62: "CSYNC", 64: "SVCB", 65: "HTTPS", 99: "SPF", 249: "TKEY", 250: "TSIG", 251: "IXFR", 252: "AXFR",
	255: "ANY", 256: "URI", 257: "CAA",
}

// AppendTo appends the type's mnemonic; without one, TYPE and its number (RFC
// 3597, section 5).
func (t DNSType) AppendTo(dst []byte) []byte {
	if int(t) < len(dnsTypes) && dnsTypes[t] != "" {
		return append(dst, dnsTypes[t]...)
	}
	return strconv.AppendUint(append(dst, "TYPE"...), uint64(t), 10)
}

// String is what AppendTo appends.
func (t DNSType) String() string { return string(t.AppendTo(nil)) }

// DNSClass is the class of a record (RFC 6895, section 3.2).
type DNSClass uint16

// DNSClassIN is the internet.
const DNSClassIN DNSClass = 1

// AppendTo appends the class's mnemonic; without one, CLASS and its number (RFC
// 3597, section 5).
func (c DNSClass) AppendTo(dst []byte) []byte {
	switch c {
	case DNSClassIN:
		return append(dst, "IN"...)
	case 3:
		return append(dst, "CH"...)
	case 4:
		return append(dst, "HS"...)
	case 254:
		return append(dst, "NONE"...)
	case 255:
		return append(dst, "ANY"...)
	}
	return strconv.AppendUint(append(dst, "CLASS"...), uint64(c), 10)
}

// String is what AppendTo appends.
func (c DNSClass) String() string { return string(c.AppendTo(nil)) }
