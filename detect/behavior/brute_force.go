package behavior

import (
	"hash/maphash"
	"net/netip"

	"vigil/decode"
	"vigil/detect"
)

const (
	bruteWindow = 10 * minute
	bruteMany   = 10 // failures of one source
	bruteUser   = 30 // failures of one user from many sources
	bruteBefore = 5  // failures before a success that make it suspicious
)

// SignIn is an attempt to sign in.
type SignIn struct {
	Time   uint64 // CLOCK_BOOTTIME, ns
	Source netip.Addr
	User   []byte
	OK     bool
}

// BruteForce looks for a source that guesses, for a user that is guessed at from
// many sources, and for a guess that was right.
type BruteForce struct {
	seed               maphash.Seed
	failed, successful detect.Finding
	sources, users     slots[guesses]
}

type guesses struct {
	since, last uint64
	failures    uint32
	fired       bool
}

// NewBruteForce makes the machine.
func NewBruteForce(seed maphash.Seed) *BruteForce {
	return &BruteForce{
		seed: seed, sources: newSlots[guesses](4096), users: newSlots[guesses](1024),
		failed: detect.Finding{
			Rule: "vigil-brute-force-failed", Title: "Passwords guessed without success", Severity: decode.Medium, Tactic: "credential-access", Technique: "T1110.001",
			Next: "Block the source or lock the port (just-in-time access), and allow keys only.",
		},
		successful: detect.Finding{
			Rule: "vigil-brute-force-successful", Title: "Sign-in after many failures: a password was guessed", Severity: decode.High, Tactic: "credential-access", Technique: "T1110.001",
			Next: "Lock the account, end its sessions, read what they ran, and change the password wherever else it is used.",
		},
	}
}

// Findings are what it may find.
func (m *BruteForce) Findings() []*detect.Finding { return []*detect.Finding{&m.failed, &m.successful} }

// Judge takes one attempt.
func (m *BruteForce) Judge(a *SignIn) (Alert, bool) {
	entity := Entity{Kind: User, Address: a.Source, Name: a.User}
	address := a.Source.As16()
	source := m.guesses(&m.sources, hashOf(m.seed, address[:]), a.Time)
	user := m.guesses(&m.users, hashOf(m.seed, a.User), a.Time)
	if a.OK {
		guessed := source.failures >= bruteBefore || user.failures >= bruteUser
		*source = guesses{}
		return Alert{&m.successful, entity}, guessed
	}
	source.failures++
	user.failures++
	if !source.fired && source.failures >= bruteMany {
		source.fired = true
		return Alert{&m.failed, entity}, true
	}
	if !user.fired && user.failures >= bruteUser {
		user.fired = true
		return Alert{&m.failed, entity}, true
	}
	return Alert{}, false
}

// guesses gives those of the last minutes: a pause of a whole window ends them.
func (m *BruteForce) guesses(all *slots[guesses], key, now uint64) *guesses {
	g, _ := all.at(key, now)
	if now-g.last > bruteWindow && now > g.last {
		*g = guesses{since: now}
	}
	g.last = max(g.last, now)
	return g
}
