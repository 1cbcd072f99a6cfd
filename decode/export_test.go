package decode

// Layout tells tests the size of a kind's struct, where in it the lengths of its
// texts are, and how many there are.
func Layout(k Kind) (size, lengths, texts int) {
	l := layouts[k]
	return int(l.size), int(l.lengths), int(l.texts)
}
