package disruption

type ledger struct{}
