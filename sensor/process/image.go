package process

import (
	"bytes"

	"vigil/decode"
)

// ImageFacts are what is known of the program that a process runs.
type ImageFacts struct {
	Inode      uint64
	Device     uint64 // kernel's dev_t: major << 20 | minor
	Mode       uint32 // st_mode
	Owner      uint32
	ExecFlags  uint32 // decode.Exec*; ExecArgumentsCut also when this table cut or dropped them
	Argc       uint32
	FileFlags  uint16 // decode.Event* of the record: how the path was read, what the file is
	Stdio      [3]uint8
	Incomplete bool // texts are missing that the record had none of: Table.Fill, Complete
}

// Image is what exec gave a process: unchanged until the next exec, so that
// forked processes share it. Its texts are bytes that nobody promises to be UTF-8.
type Image struct {
	ImageFacts

	queued bool // in Table.trimmable
	alias  bool // the file name is the path
	refs   int32
	live   int32 // of refs, entries that run
	links  links[Image]
	ends   [5]uint16 // where each text ends; the arguments are the rest
	text   []byte
	hash   uint64 // of the path: Table.PathHash; 0 until somebody asks
}

func (m *Image) around() *links[Image] { return &m.links }

// The order of texts in an image: arguments are last, to be dropped first.
const (
	textPath = iota
	textCWD
	textFilename
	textInterpreter
	textTTY
	textArguments
)

// recorded is the order of texts in records.
type recorded [decode.ExecCommText + 1][]byte

func textsOf(r decode.Record) (v recorded) {
	r.Texts(v[:])
	return v
}

func (m *Image) part(i int) []byte {
	from := uint16(0)
	if i > 0 {
		from = m.ends[i-1]
	}
	return m.text[from:m.ends[i]:m.ends[i]]
}

// Path is that of the file that runs.
func (m *Image) Path() []byte { return m.part(textPath) }

// CWD is the working directory at the exec.
func (m *Image) CWD() []byte { return m.part(textCWD) }

// Filename is what exec was given: the script, where there is one.
func (m *Image) Filename() []byte {
	if m.alias {
		return m.Path()
	}
	return m.part(textFilename)
}

// Interpreter is that of a script.
func (m *Image) Interpreter() []byte { return m.part(textInterpreter) }

// TTY is the name of the controlling terminal at the exec.
func (m *Image) TTY() []byte { return m.part(textTTY) }

// Arguments are those of the exec, each ended by a zero byte unless cut: see decode.Arguments.
func (m *Image) Arguments() []byte { return m.text[m.ends[textTTY]:] }

// fixed is the length of all texts but the arguments.
func (m *Image) fixed() int { return int(m.ends[textTTY]) }

// store gives the image its texts, as far as the budget goes.
func (t *Table) store(m *Image, v *recorded) {
	t.strip(m)
	parts := [...][]byte{
		v[decode.ExecPathText], v[decode.ExecCWDText], v[decode.ExecFilenameText],
		v[decode.ExecInterpreterText], v[decode.ExecTTYText], v[decode.ExecArgumentsText],
	}
	m.alias = len(parts[textPath]) > 0 && bytes.Equal(parts[textFilename], parts[textPath])
	if m.alias {
		parts[textFilename] = nil
	}
	size, arguments := 0, len(parts[textArguments])
	for _, b := range parts {
		size += len(b)
	}
	fixed := size - arguments
	if fixed+arguments > maxText { // no record is as long; what Fill reads might be
		arguments = max(0, maxText-fixed)
	}
	arguments = t.makeRoom(fixed, arguments)
	b := t.texts.get(fixed + arguments)
	if b == nil && arguments > 0 {
		arguments = 0
		b = t.texts.get(fixed)
	}
	if arguments < len(parts[textArguments]) {
		m.ExecFlags |= decode.ExecArgumentsCut
		t.stats.ArgumentsCut++
	}
	if b == nil && fixed > 0 {
		m.FileFlags |= decode.EventPathCut
		t.stats.PathsCut++
		return
	}
	n := 0
	for i, part := range parts[:textArguments] {
		n += copy(b[n:], part)
		m.ends[i] = uint16(n)
	}
	n += copy(b[n:], parts[textArguments][:arguments])
	m.text = b[:n]
}

// makeRoom drops arguments of ended images, the oldest first, when texts take
// more than their usual share; it says how many bytes of arguments to keep.
// Below the full budget each image keeps the first of its arguments, so that
// nobody's long ones leave those who come later with none.
func (t *Table) makeRoom(fixed, arguments int) int {
	usual := t.texts.budget / 4 * 3
	for steps := 0; t.texts.used+sizeOf(fixed+arguments) > usual; steps++ {
		if t.trimmable.head == nil || steps == trimSteps {
			return min(arguments, fairShare)
		}
		t.trim(t.trimmable.head)
	}
	return arguments
}

const (
	trimSteps = 32  // images trimmed for one that comes, at most
	fairShare = 256 // bytes of arguments kept when there is little room
)

// trim drops the arguments of an ended image.
func (t *Table) trim(m *Image) {
	t.unqueue(m)
	fixed := m.fixed()
	if sizeOf(fixed) >= cap(m.text) {
		return // nothing would be won
	}
	old := m.text
	t.texts.put(old)
	// There is room now, and it is not old that get gives: that is of another size.
	b := t.texts.get(fixed)
	m.text = b[:copy(b, old[:fixed])]
	m.ExecFlags |= decode.ExecArgumentsCut
	t.stats.ArgumentsDropped++
}

// strip gives the texts of an image back.
func (t *Table) strip(m *Image) {
	t.texts.put(m.text)
	m.text, m.ends, m.alias, m.hash = nil, [5]uint16{}, false, 0
}

// setImage makes p run m, which a nil m takes away.
func (t *Table) setImage(p *Process, m *Image) {
	old := p.Image
	if old == m {
		return
	}
	p.Image = m
	if m != nil {
		m.refs++
		if p.state == stateLive {
			t.wake(m)
		}
	}
	if old == nil {
		return
	}
	old.refs--
	if p.state == stateLive {
		t.rest(old)
	}
	if old.refs == 0 {
		t.unqueue(old)
		t.strip(old)
		*old = Image{}
		t.images.put(old)
	}
}

// wake counts one more running entry of the image.
func (t *Table) wake(m *Image) {
	m.live++
	t.unqueue(m)
}

// rest counts one less.
func (t *Table) rest(m *Image) {
	m.live--
	t.queue(m)
}

// queue notes that an image that nobody runs may lose its arguments.
func (t *Table) queue(m *Image) {
	if m.live == 0 && !m.queued && len(m.text) > m.fixed() {
		m.queued = true
		t.trimmable.pushBack(m)
	}
}

func (t *Table) unqueue(m *Image) {
	if m.queued {
		m.queued = false
		t.trimmable.remove(m)
	}
}
