package live

import (
	"errors"
	"testing"
)

func TestSlowOneIsToldOfLoss(t *testing.T) {
	h := NewHub(2)
	slow, err := h.Subscribe()
	if err != nil {
		t.Fatal(err)
	}
	quick, err := h.Subscribe()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := h.Subscribe(); !errors.Is(err, ErrFull) {
		t.Errorf("a third: %v", err)
	}
	for i := range 3 * room {
		if err := h.Publish("alert", i); err != nil {
			t.Fatal(err)
		}
		if e := <-quick.Events(); e.Name != "alert" {
			t.Fatalf("the quick one is told %s", e.Name)
		}
	}
	for range room {
		<-slow.Events()
	}
	if err := h.Publish("alert", "last"); err != nil {
		t.Fatal(err)
	}
	if e := <-slow.Events(); e.Name != Lost {
		t.Errorf("the slow one is told %s", e.Name)
	}
	if e := <-slow.Events(); string(e.Data) != `"last"` {
		t.Errorf("then %s", e.Data)
	}
	slow.Close()
	if _, err := h.Subscribe(); err != nil {
		t.Errorf("who left keeps the place: %v", err)
	}
}

func TestSignal(t *testing.T) {
	var s Signal
	s.Fire() // nobody waits
	a, b := s.Wait(), s.Wait()
	select {
	case <-a:
		t.Fatal("woken before it was fired")
	default:
	}
	s.Fire()
	<-a
	<-b
}
