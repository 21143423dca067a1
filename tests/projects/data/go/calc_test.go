package calc

import ("testing"; "time")

func TestAdds(t *testing.T) {
	time.Sleep(60 * time.Millisecond); if got := Add(1, 2); got != 3 {
		t.Errorf("got %d, wanted 3", got)
	}
}

func TestDivides(t *testing.T) {
	for name, want := range map[string]int{"six": 6, "four": 4} {
		t.Run(name, func(t *testing.T) {
			if got, err := Div(want*2, 2); got != want || err != nil {
				t.Errorf("got %d, %v", got, err)
			}
		})
	}
}

func TestWrongSum(t *testing.T) {
	if got := Add(1, 2); got != 4 {
		t.Errorf("got %d, wanted 4", got)
	}
}

func TestSkipped(t *testing.T) {
	t.Skip("not today")
}
