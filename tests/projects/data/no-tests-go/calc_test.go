package calc

func helper() int { return Add(1, 2) }
