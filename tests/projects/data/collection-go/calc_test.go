package calc

import "testing"

func TestAdds(t *testing.T) {
	if got := Add(1, 2); got != three {
		t.Errorf("got %d, wanted 3", got)
	}
}
