// Command peerbench plans for the same pods with Karpenter's own scheduler and with Kerf, in one process run, has both plans
// checked by one oracle, and prints what they took and cost side by side. README.md says how to run it and what is measured.
package main
