{{/* The user names under which operators write, as a list of CEL. */}}
{{- define "libretto-crds.accounts" -}}
{{- $names := list -}}
{{- range .Values.operators -}}
{{- $namespace := .namespace -}}
{{- range .serviceAccounts -}}
{{- $names = append $names (printf "system:serviceaccount:%s:%s" $namespace .) -}}
{{- end -}}
{{- end -}}
{{- toJson ($names | uniq) -}}
{{- end -}}

{{/* The accounts of one namespace: (dict "operators" list "namespace" name). */}}
{{- define "libretto-crds.accountsOf" -}}
{{- $names := list -}}
{{- $namespace := .namespace -}}
{{- range .operators -}}
{{- if eq .namespace $namespace -}}
{{- range .serviceAccounts -}}
{{- $names = append $names (printf "system:serviceaccount:%s:%s" $namespace .) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson ($names | uniq) -}}
{{- end -}}
