package decode

// answers tells whether the message of a KindDNS is an answer; of one without a
// header, whether it came in.
func answers(r Record) bool {
	m, err := ParseDNS(r.Text(DNSMessageText))
	if err != nil {
		return r.DNS().Answer != 0
	}
	return m.Response()
}

// OCSF's rcode captions (RFC 6895, section 2.3).
var responseCodes = [...]string{
	"NoError", "FormError", "ServError", "NXDomain", "NotImp", "Refused", "YXDomain", "YXRRSet", "NXRRSet", "NotAuth",
	"NotZone", "DSOTYPENI",
}

// dns writes what the message says: OCSF has place for one question, and for
// the first maxAnswers answers. All of it is in unmapped.message_hex.
func (o *object) dns(r Record) {
	m, err := ParseDNS(r.Text(DNSMessageText))
	if err != nil {
		return
	}
	if m.Response() {
		o.number("rcode_id", uint64(m.RCode()))
		o.value("rcode", uint64(m.RCode()), responseCodes[:])
	}
	query, answers := 0, 0
	for rr := (DNSRecord{}); m.Next(&rr) && rr.Section <= DNSAnswer && answers < maxAnswers; {
		if rr.Section == DNSQuestion {
			if query++; query == 1 {
				o.query(&m, &rr)
			}
			continue
		}
		if answers++; answers == 1 {
			o.openArray("answers")
		}
		o.answer(&m, &rr)
	}
	if answers > 0 {
		o.closeArray()
	}
}

// maxAnswers bounds what of one message is written out: compression makes names
// of a thousand characters out of two bytes.
const maxAnswers = 64

func (o *object) query(m *DNSMessage, q *DNSRecord) {
	o.open("query")
	if o.begin("hostname") {
		from := len(o.b)
		o.b = q.Name.AppendTo(o.b)
		o.escape(from)
		o.end()
	}
	o.typeAndClass(q)
	o.number("opcode_id", uint64(m.Opcode()))
	o.number("packet_uid", uint64(m.ID))
	o.close()
}

func (o *object) answer(m *DNSMessage, a *DNSRecord) {
	o.next()
	o.b = append(o.b, '{')
	o.typeAndClass(a)
	o.number("ttl", uint64(a.TTL))
	o.begin("rdata")
	from := len(o.b)
	o.b = a.AppendData(o.b)
	o.escape(from)
	o.end()
	o.number("packet_uid", uint64(m.ID))
	o.close()
}

// typeAndClass writes mnemonics, which need no escape.
func (o *object) typeAndClass(r *DNSRecord) {
	if o.begin("type") {
		o.b = r.Type.AppendTo(o.b)
		o.end()
	}
	if o.begin("class") {
		o.b = r.Class.AppendTo(o.b)
		o.end()
	}
}
