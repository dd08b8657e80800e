{{- /* Of all that the release has. 55 characters, so that with "-metrics" behind they are the 63 of a service's name. */}}
{{- define "neso.name" -}}
{{- $usual := printf "%s-%s" .Release.Name .Chart.Name }}
{{- if contains .Chart.Name .Release.Name }}{{ $usual = .Release.Name }}{{ end }}
{{- .Values.fullnameOverride | default $usual | trunc 55 | trimSuffix "-" }}
{{- end }}

{{- define "neso.selector" -}}
app.kubernetes.io/name: {{ .Chart.Name }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "neso.labels" -}}
{{ include "neso.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | quote }}
{{- end }}

{{- /* The argument that names the repository; nothing if one of serverArgs does. */}}
{{- define "neso.repository" -}}
{{- $image := .Values.image }}
{{- if regexMatch "--model-(repository|store)\\b" (join " " (concat .Values.serverArgs $image.serverArgs)) }}
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

{{- /* What the services speak where a secret with a certificate is named. */}}
{{- define "neso.tls" -}}
{{- range $service := list "http" "grpc" }}
- --{{ $service }}-use-ssl=true
- --{{ $service }}-server-cert=/tls/tls.crt
- --{{ $service }}-server-key=/tls/tls.key
{{- end }}
{{- end }}

{{- /* Of (list <live or ready> <its settings> <.Values.tls>): a probe, asked as the service speaks. */}}
{{- define "neso.probe" -}}
{{- $get := dict "path" (printf "/v2/health/%s" (index . 0)) "port" "http" }}
{{- if (index . 2).secretName }}{{ $get = merge $get (dict "scheme" "HTTPS") }}{{ end }}
{{- toYaml (merge (dict "httpGet" $get) (index . 1)) }}
{{- end }}

{{- define "neso.secret" -}}
{{- if .Values.existingSecret }}{{ .Values.existingSecret }}{{ else if .Values.secret.id }}{{ include "neso.name" . }}{{ end }}
{{- end }}
