{{- define "libretto.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 50 | trimSuffix "-" -}}
{{- end -}}

{{/* "libretto" for a release called libretto, else release-libretto. Room is left for suffixes. */}}
{{- define "libretto.fullname" -}}
{{- $name := include "libretto.name" . -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "libretto.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "libretto.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* Name of an object of the whole cluster: releases in several namespaces do not collide. */}}
{{- define "libretto.clusterName" -}}
{{- printf "%s:%s" .Release.Namespace (include "libretto.fullname" .) -}}
{{- end -}}

{{- define "libretto.selector" -}}
app.kubernetes.io/name: {{ include "libretto.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "libretto.labels" -}}
{{ include "libretto.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: libretto
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "libretto.image" -}}
{{- $path := .Values.image.repository -}}
{{- if .Values.image.registry -}}
{{- $path = printf "%s/%s" (trimSuffix "/" .Values.image.registry) $path -}}
{{- end -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" $path .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" $path (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}

{{- define "libretto.resultsScheme" -}}
{{- ternary "https" "http" (not (empty .Values.results.tls.secretName)) -}}
{{- end -}}

{{- define "libretto.storeUrl" -}}
{{- default (printf "%s://%s-store.$(LIBRETTO_LEASE_NAMESPACE).svc:8090" (include "libretto.resultsScheme" .) (include "libretto.fullname" .)) .Values.blobs.store.url -}}
{{- end -}}

{{/* Where couriers hand results in: the store where there is one, else the operator. The kubelet fills the namespace in. */}}
{{- define "libretto.resultsUrl" -}}
{{- if .Values.results.url -}}
{{- .Values.results.url -}}
{{- else if and .Values.results.enabled (eq .Values.blobs.kind "store") -}}
{{- include "libretto.storeUrl" . -}}
{{- else if .Values.results.enabled -}}
{{- printf "%s://%s.$(LIBRETTO_LEASE_NAMESPACE).svc:8090" (include "libretto.resultsScheme" .) (include "libretto.fullname" .) -}}
{{- end -}}
{{- end -}}

{{- define "libretto.ownStore" -}}
{{- if and (eq .Values.blobs.kind "store") (not .Values.blobs.store.url) -}}true{{- end -}}
{{- end -}}

{{/* Whether the release's own namespace is the only one; then nothing has to name it. */}}
{{- define "libretto.watchesItself" -}}
{{- if and (eq (len .Values.watchNamespaces) 1) (has .Release.Namespace .Values.watchNamespaces) -}}true{{- end -}}
{{- end -}}
