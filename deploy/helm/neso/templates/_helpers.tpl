{{- define "neso.name" -}}
{{- if contains .Chart.Name .Release.Name }}{{ .Release.Name }}{{ else }}{{ .Release.Name }}-{{ .Chart.Name }}{{ end }}
{{- end }}

{{- define "neso.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "neso.labels" -}}
{{ include "neso.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}

{{- /* The argument that names the repository; nothing if one of serverArgs does. */}}
{{- define "neso.repository" -}}
{{- $image := .Values.image }}
{{- if regexMatch "--model-(repository|store)\\b" (join " " .Values.serverArgs) }}
{{- else if $image.modelRepositoryServer -}}
--model-repository=/models
{{- else if $image.modelRepositoryClaim -}}
--model-repository=/models{{ with $image.modelRepositoryPath }}/{{ trimPrefix "/" . }}{{ end }}
{{- else if $image.modelRepositoryPath -}}
--model-repository={{ $image.modelRepositoryPath }}
{{- else }}
{{- fail "expected image.modelRepositoryPath, or --model-repository among serverArgs, got neither: name where the models are" }}
{{- end }}
{{- end }}

{{- define "neso.secret" -}}
{{- if .Values.existingSecret }}{{ .Values.existingSecret }}{{ else if .Values.secret.id }}{{ include "neso.name" . }}{{ end }}
{{- end }}
