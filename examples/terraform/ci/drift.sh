#!/bin/sh
# Looks whether the rooms are as the state has them, and changes nothing. Run it in the folder of the configuration.
# usage: drift.sh [tofu|terraform]      exit codes: 0 no drift, 2 drift, 1 an error

engine=${1:-tofu}
plan=$(mktemp) || exit 1
trap 'rm -f "$plan"' EXIT

"$engine" plan -refresh-only -detailed-exitcode -input=false -lock=false -out="$plan"
code=$?
[ $code -eq 2 ] || exit $code
# Terraform ends with 2 whenever there is a resource (hashicorp/terraform#36403): the plan itself says whether one drifted.
"$engine" show -json "$plan" | grep -q '"resource_drift":' || exit 0
exit 2
