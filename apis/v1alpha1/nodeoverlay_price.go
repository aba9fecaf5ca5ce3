package v1alpha1

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// AdjustPrice is the price of an offering under the overlay, given the provider's, both in one currency per hour:
// Price itself, or base + base*percentage/100, or base + amount, and never below 0. Without a price in the overlay it is
// base. It fails if both fields are set or the one that is cannot be read; the result is base then.
func (o *NodeOverlay) AdjustPrice(base float64) (float64, error) {
	spec := &o.Spec
	switch {
	case spec.Price != nil && spec.PriceAdjustment != nil:
		return base, errors.New("price and priceAdjustment may not both be set")
	case spec.Price != nil:
		price, err := parsePrice(*spec.Price)
		if err != nil {
			return base, err
		}
		return price, nil
	case spec.PriceAdjustment != nil:
		change, err := parseAdjustment(*spec.PriceAdjustment)
		if err != nil {
			return base, err
		}
		return max(change.of(base), 0), nil
	}
	return base, nil
}

// parsePrice reads digits, perhaps with a point between them.
func parsePrice(text string) (float64, error) {
	if before, after, point := strings.Cut(text, "."); isDigits(before) && (!point || isDigits(after)) {
		if price, err := strconv.ParseFloat(text, 64); err == nil {
			return price, nil
		}
	}
	return 0, fmt.Errorf("price %q is not an amount such as 0.25", text)
}

// adjustment is an amount to add, or a percentage of the base.
type adjustment struct {
	amount  float64
	percent bool
}

func (a adjustment) of(base float64) float64 {
	if a.percent {
		return base * (1 + a.amount/100)
	}
	return base + a.amount
}

// parseAdjustment reads `+0.25`, `-.25`, `+10%`, `-12.5%`. The sign is needed; the least percentage is -100.
func parseAdjustment(text string) (adjustment, error) {
	wrong := fmt.Errorf("priceAdjustment %q is neither an amount with a sign such as -0.25 nor a percentage with a sign, at least -100%%", text)
	if text == "" || text[0] != '+' && text[0] != '-' {
		return adjustment{}, wrong
	}
	number, percent := strings.CutSuffix(text[1:], "%")
	before, after, point := strings.Cut(number, ".")
	if before != "" && !isDigits(before) || point && !isDigits(after) || !point && before == "" {
		return adjustment{}, wrong
	}
	if percent && text[0] == '-' && number != "100" && (len(before) < 1 || len(before) > 2) {
		return adjustment{}, wrong
	}
	amount, err := strconv.ParseFloat(text[:1]+number, 64)
	if err != nil {
		return adjustment{}, wrong
	}
	return adjustment{amount: amount, percent: percent}, nil
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }
