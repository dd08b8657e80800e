"""The Helm chart and the manifests: rendered by Helm, valid by the schemas of Kubernetes, and what they start is started."""
import contextlib
import subprocess

import pytest
import requests
import yaml
from support.pages import blocks
from support.server import PATIENCE, ROOT, TREE, free_port
from support.wait import wait_until

HELM = ROOT / ".deps/helm/bin/helm"
VALIDATE = ROOT / ".deps/manifests/bin/kubernetes-validate"
CHART = ROOT / "deploy/helm/neso"
KUBERNETES = ("1.27", "1.37")  # the oldest and the newest that the schemas are checked for
BUCKET = {"image.modelRepositoryPath": "s3://models/here"}

rendered_here = pytest.mark.skipif(not (HELM.exists() and VALIDATE.exists()),
                                   reason="Helm and the schemas of Kubernetes are not set up: scripts/setup charts")


def template(*options, kubernetes=KUBERNETES[-1], **values):
    chosen = [part for name, value in values.items() for part in ("--set", f"{name}={value}")]
    return subprocess.run([HELM, "template", "try", CHART, "--kube-version", kubernetes, *options, *chosen],
                          capture_output=True, text=True, timeout=60 * PATIENCE)


def render(*options, **values):
    result = template(*options, **values)
    assert result.returncode == 0, result.stderr
    return {(part["kind"], part["metadata"]["name"]): part for part in yaml.safe_load_all(result.stdout) if part}


def container(parts):
    return parts["Deployment", "try-neso"]["spec"]["template"]["spec"]["containers"][0]


CHOICES = {
    "a bucket": BUCKET,
    "a bucket with credentials": {**BUCKET, "secret.id": "me", "secret.key": "k", "secret.region": "r", "secret.token": "t"},
    "an NFS server": {"image.modelRepositoryServer": "nfs.local", "image.modelRepositoryPath": "/srv/models"},
    "a claim": {"image.modelRepositoryClaim": "models", "image.modelRepositoryPath": "team"},
    "GPUs": {**BUCKET, "image.numGpus": 2, "resources.limits.memory": "4Gi"},
    "no autoscaling": {**BUCKET, "tags.autoscaling": "false", "replicaCount": 2, "disruptionBudget.enabled": "false"},
    "OpenShift and the operator": {**BUCKET, "tags.openshift": "true", "serviceMonitor.enabled": "true"},
}


@rendered_here
@pytest.mark.parametrize("kubernetes", KUBERNETES)
@pytest.mark.parametrize("choice", CHOICES)
def test_what_is_rendered_is_valid(choice, kubernetes, tmp_path):
    result = template(kubernetes=kubernetes, **CHOICES[choice])
    assert result.returncode == 0, result.stderr
    manifest = tmp_path / "rendered.yaml"
    manifest.write_text(result.stdout)
    checked = subprocess.run([VALIDATE, "--strict", "-k", kubernetes, manifest], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    # The operator's own kind has no schema there.
    missing = [line for line in (checked.stdout + checked.stderr).splitlines() if "find schema" in line]
    assert len(missing) == result.stdout.count("kind: ServiceMonitor"), missing


@rendered_here
def test_a_misspelt_field_is_not_valid(tmp_path):
    manifest = tmp_path / "rendered.yaml"
    manifest.write_text(template(**BUCKET).stdout.replace("readOnlyRootFilesystem", "readOnlyRoot"))
    assert subprocess.run([VALIDATE, "--strict", "-k", KUBERNETES[-1], manifest], capture_output=True).returncode != 0


@rendered_here
def test_the_linter_of_helm_has_no_complaint():
    result = subprocess.run([HELM, "lint", "--strict", CHART, "--set", "image.modelRepositoryPath=s3://models"],
                            capture_output=True, text=True)
    assert result.returncode == 0, result.stdout


@rendered_here
@pytest.mark.parametrize("values, says", [
    ({}, "expected image.modelRepositoryPath, or --model-repository among serverArgs, got neither"),
    ({"image.modelRepositoryServer": "nfs"}, "expected image.modelRepositoryPath, the folder of the NFS server, got nothing"),
    ({**BUCKET, "secret.id": "me"}, "expected secret.key beside secret.id"),
    ({**BUCKET, "autoscaling.minReplicas": 4}, "expected autoscaling.maxReplicas of at least autoscaling.minReplicas, got 3 and 4"),
    ({**BUCKET, "replicaCount": "many"}, "replicaCount"),
    ({**BUCKET, "image.pullPolicy": "Perhaps"}, "pullPolicy"),
])
def test_values_that_cannot_be_are_refused(values, says):
    result = template(**values)
    assert result.returncode != 0
    assert says in result.stderr


@rendered_here
def test_the_probes_user_and_services():
    parts = render(**CHOICES["an NFS server"])
    pod = parts["Deployment", "try-neso"]["spec"]["template"]["spec"]
    assert (pod["securityContext"]["runAsUser"], pod["securityContext"]["fsGroup"]) == (1000, 1000)
    assert {"name": "models", "mountPath": "/models", "readOnly": True} in container(parts)["volumeMounts"]
    assert container(parts)["livenessProbe"]["httpGet"] == {"path": "/v2/health/live", "port": "http"}
    assert container(parts)["readinessProbe"]["httpGet"] == {"path": "/v2/health/ready", "port": "http"}
    assert parts["Service", "try-neso-metrics"]["spec"]["ports"] == [{"name": "metrics", "port": 8080, "targetPort": "metrics"}]
    # Long enough for the grace and for what is under way.
    assert pod["terminationGracePeriodSeconds"] > 10 + 30
    # Each service finds the pods.
    labels = parts["Deployment", "try-neso"]["spec"]["template"]["metadata"]["labels"]
    for (kind, _), part in parts.items():
        if kind == "Service":
            assert part["spec"]["selector"].items() <= labels.items()


@rendered_here
def test_an_argument_may_name_the_repository(tmp_path):
    values = tmp_path / "values.yaml"
    values.write_text("serverArgs: ['--model-repository=/elsewhere', '--log-verbose=1']")
    args = container(render("-f", str(values)))["args"]
    assert [arg for arg in args if "repository" in arg] == ["--model-repository=/elsewhere"]


@rendered_here
def test_the_page_s_values_are_rendered(tmp_path):
    file = tmp_path / "values.yaml"
    file.write_text(blocks(ROOT / "docs/kubernetes.md", "yaml", "test:values")[0])
    parts = render("-f", str(file))
    assert container(parts)["args"][:2] == ["tritonserver", "--model-repository=s3://my-models/production"]
    # A version that all pods find broken at the same time takes none of them out of service.
    assert "--strict-readiness=false" in container(parts)["args"]
    assert parts["HorizontalPodAutoscaler", "try-neso"]["spec"]["maxReplicas"] == 10


def serves(command, http_port):
    """The metadata of the model, as the program of the tree gives it with these arguments."""
    program, *args = command
    local = [f"--{part}-address=127.0.0.1" for part in ("http", "grpc", "metrics")]
    process = subprocess.Popen([TREE / "bin" / program, *args, *local, f"--backend-directory={TREE / 'backends'}"],
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)

    def metadata():
        assert process.poll() is None, process.stdout.read()
        with contextlib.suppress(requests.ConnectionError):
            return requests.get(f"http://127.0.0.1:{http_port}/v2/models/identity", timeout=5).json().get("name")
    try:
        return wait_until(metadata, timeout=20)
    finally:
        process.terminate()
        output, _ = process.communicate(timeout=30 * PATIENCE)
        assert process.returncode == 0, output


def test_the_kserve_runtime_s_arguments_serve(repository):
    repository.add_identity("identity")
    runtime = yaml.safe_load((ROOT / "deploy/kubernetes/kserve-runtime.yaml").read_text())
    (pod,) = runtime["spec"]["containers"]
    port = free_port()
    command = " ".join(pod["args"]).replace("/mnt/models", str(repository.path))
    command = command.replace("8080", str(port)).replace("9000", str(free_port()))
    assert serves([*command.split(), f"--metrics-port={free_port()}"], port) == "identity"
    assert pod["ports"][0]["containerPort"] == pod["readinessProbe"]["httpGet"]["port"] == 8080


@rendered_here
def test_the_chart_s_arguments_serve(repository):
    repository.add_identity("identity")
    port = free_port()
    args = container(render(**{"image.modelRepositoryPath": repository.path, "exitGraceSeconds": 0}))["args"]
    own = [f"--http-port={port}", f"--grpc-port={free_port()}", f"--metrics-port={free_port()}"]
    assert serves([*args, *own], port) == "identity"
