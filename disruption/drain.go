package disruption

type guard struct{}
