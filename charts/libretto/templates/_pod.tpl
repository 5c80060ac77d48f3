{{/* What every pod of the chart has in common: the restricted level, and a token that expires. */}}
{{- define "libretto.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "libretto.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
capabilities: {drop: [ALL]}
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "libretto.volumes" -}}
- name: tmp
  emptyDir: {sizeLimit: 128Mi}
- name: api-access
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken: {path: token, expirationSeconds: 3607}
      - configMap:
          name: kube-root-ca.crt
          items: [{key: ca.crt, path: ca.crt}]
      - downwardAPI:
          items: [{path: namespace, fieldRef: {apiVersion: v1, fieldPath: metadata.namespace}}]
{{- end -}}

{{- define "libretto.mounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: api-access, mountPath: /var/run/secrets/kubernetes.io/serviceaccount, readOnly: true}
{{- end -}}

{{/* What couriers and libretto-store take for proof of who asks. Only the operator needs one, to use a store. */}}
{{- define "libretto.storeVolumes" -}}
{{- if eq .Values.blobs.kind "store" }}
- name: store-token
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken: {audience: libretto-results, path: token, expirationSeconds: 3600}
{{- end }}
{{- end -}}

{{- define "libretto.storeMounts" -}}
{{- if eq .Values.blobs.kind "store" }}
- {name: store-token, mountPath: /var/run/libretto, readOnly: true}
{{- end }}
{{- end -}}

{{/* Who the results service is, and who says so. With libretto-store the operator serves nothing, so it gets no key. */}}
{{- define "libretto.tlsVolumes" -}}
{{- with .root.Values.results.tls.secretName }}
- name: results-tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items:
      - {key: ca.crt, path: ca.crt}
      {{- if $.serves }}
      - {key: tls.crt, path: tls.crt}
      - {key: tls.key, path: tls.key}
      {{- end }}
{{- end }}
{{- end -}}

{{- define "libretto.tlsMounts" -}}
{{- if .Values.results.tls.secretName }}
- {name: results-tls, mountPath: /etc/libretto/tls, readOnly: true}
{{- end }}
{{- end -}}

{{- define "libretto.placement" -}}
{{- with .Values.image.pullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end -}}

{{/* The variables of the operator of one shard: (dict "root" $ "shard" number). */}}
{{- define "libretto.environment" -}}
{{- $values := .root.Values -}}
- name: LIBRETTO_NAMESPACES
{{- if include "libretto.watchesItself" .root }}
  valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.namespace}}
{{- else }}
  value: {{ join "," $values.watchNamespaces | quote }}
{{- end }}
- {name: LIBRETTO_SHARD, value: {{ .shard | quote }}}
- {name: LIBRETTO_SHARDS, value: {{ $values.shards | int | quote }}}
- name: LIBRETTO_LEASE_NAMESPACE
  valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.namespace}}
- {name: LIBRETTO_LEASE_SECONDS, value: {{ $values.lease.durationSeconds | int | quote }}}
- name: LIBRETTO_POD_NAME
  valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.name}}
- name: LIBRETTO_POD_UID
  valueFrom: {fieldRef: {apiVersion: v1, fieldPath: metadata.uid}}
- {name: LIBRETTO_IMAGE, value: {{ include "libretto.image" .root | quote }}}
- {name: LIBRETTO_IMAGE_PULL_POLICY, value: {{ $values.image.pullPolicy }}}
- {name: LIBRETTO_DEFAULT_IMAGE, value: {{ default (include "libretto.image" .root) $values.steps.image | quote }}}
- {name: LIBRETTO_RESULTS_URL, value: {{ include "libretto.resultsUrl" .root | quote }}}
{{- if $values.results.tls.secretName }}
- {name: LIBRETTO_RESULTS_CA, value: /etc/libretto/tls/ca.crt}
{{- if ne $values.blobs.kind "store" }}
- {name: LIBRETTO_RESULTS_TLS_CERTIFICATE, value: /etc/libretto/tls/tls.crt}
- {name: LIBRETTO_RESULTS_TLS_KEY, value: /etc/libretto/tls/tls.key}
{{- end }}
{{- end }}
{{- include "libretto.blobs" .root }}
{{- with $values.steps.courier }}
- {name: LIBRETTO_COURIER_STAGE_BUDGET_S, value: {{ .stageTimeoutSeconds | int | quote }}}
- {name: LIBRETTO_COURIER_PUBLISH_BUDGET_S, value: {{ .publishTimeoutSeconds | int | quote }}}
- {name: LIBRETTO_COURIER_FIRST_WAIT_MS, value: {{ .firstWaitMilliseconds | int | quote }}}
- {name: LIBRETTO_COURIER_MESSAGE_BYTES, value: {{ .messageBytes | int | quote }}}
- name: LIBRETTO_COURIER_RESOURCES
  value: {{ toJson .resources | quote }}
{{- end }}
- {name: LIBRETTO_LOG_LEVEL, value: {{ $values.logs.level }}}
- {name: LIBRETTO_LOG_FORMAT, value: {{ $values.logs.format }}}
- {name: LIBRETTO_MAX_ACTIVE_RUNS, value: {{ $values.runs.maxActive | int | quote }}}
- {name: LIBRETTO_MAX_JOBS, value: {{ $values.runs.maxJobs | int | quote }}}
- {name: LIBRETTO_MAX_PARALLEL, value: {{ $values.runs.maxParallel | int | quote }}}
- {name: LIBRETTO_RUN_TTL_SECONDS, value: {{ $values.runs.ttlSecondsAfterFinished | int64 | quote }}}
- {name: LIBRETTO_JOB_TTL_SECONDS, value: {{ $values.steps.ttlSecondsAfterFinished | int | quote }}}
{{- $pod := $values.steps.pod }}
{{- if and $values.image.pullSecrets (not (hasKey $pod "imagePullSecrets")) }}
{{- /* The courier is our image in the user's pod, so it is pulled with the same credentials. */}}
{{- $pod = merge (dict "imagePullSecrets" $values.image.pullSecrets) $pod }}
{{- end }}
- name: LIBRETTO_POD_DEFAULTS
  value: {{ toJson $pod | quote }}
- {name: LIBRETTO_EVENTS_ON_SUCCESS, value: {{ $values.events.onSuccess | quote }}}
- {name: LIBRETTO_OTLP_ENDPOINT, value: {{ $values.traces.endpoint | quote }}}
{{- with $values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "libretto.blobs" }}
- {name: LIBRETTO_BLOBS, value: {{ .Values.blobs.kind }}}
{{- if eq .Values.blobs.kind "s3" }}
{{- with .Values.blobs.s3 }}
- {name: LIBRETTO_S3_BUCKET, value: {{ .bucket | quote }}}
- {name: LIBRETTO_S3_ENDPOINT, value: {{ .endpoint | quote }}}
- {name: LIBRETTO_S3_REGION, value: {{ .region | quote }}}
- {name: LIBRETTO_S3_ALLOW_HTTP, value: {{ .allowHttp | quote }}}
{{- if .credentialsSecret }}
{{- $secret := .credentialsSecret }}
{{- range $name := list "AWS_ACCESS_KEY_ID" "AWS_SECRET_ACCESS_KEY" "AWS_SESSION_TOKEN" }}
- name: {{ $name }}
  valueFrom:
    secretKeyRef: {name: {{ $secret }}, key: {{ $name }}, optional: {{ eq $name "AWS_SESSION_TOKEN" }}}
{{- end }}
{{- end }}
{{- end }}
{{- end }}
{{- if eq .Values.blobs.kind "store" }}
- {name: LIBRETTO_STORE_URL, value: {{ include "libretto.storeUrl" . | quote }}}
{{- end }}
{{- end }}
