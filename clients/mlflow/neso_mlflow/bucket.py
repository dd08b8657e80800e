"""Model repositories in S3: s3://bucket/prefix, s3://host:port/bucket/prefix, s3://https://host:port/bucket/prefix, as the server reads
them. Credentials come from the same variables and files."""
import contextlib
import json
import re

from mlflow.exceptions import INVALID_PARAMETER_VALUE, MlflowException

from .repository import META, Repository, checked

_PLACE = re.compile(r"s3://(?:(?:(?P<scheme>https?)://)?(?P<host>[^/]+:\d+)/)?(?P<bucket>[^/:]+)(?:/(?P<prefix>.*))?")


class Bucket(Repository):
    def __init__(self, url):
        parts = _PLACE.fullmatch(url.rstrip("/"))
        if parts is None:
            raise MlflowException(f"TRITON_MODEL_REPO: expected s3://[[https://]host:port/]bucket[/prefix], got {url}",
                                  INVALID_PARAMETER_VALUE)
        try:
            import boto3
        except ImportError:
            raise MlflowException(f'TRITON_MODEL_REPO: {url} needs boto3: pip install "neso-mlflow[s3]"') from None
        self.url, self.bucket = url.rstrip("/"), parts["bucket"]
        self.prefix = parts["prefix"] + "/" if parts["prefix"] else ""
        with _told(self.url):
            self.s3 = boto3.client("s3", endpoint_url=f"{parts['scheme'] or 'http'}://{parts['host']}" if parts["host"] else None)

    def place(self, name):
        return f"{self.url}/{checked(name)}"

    def exists(self, name):
        return bool(self._keys(f"{checked(name)}/"))

    def meta(self, name):
        return self._meta(checked(name))

    def deployments(self):
        metas = [self._meta(name) for name in self._models() if not name.startswith(".")]
        return [meta for meta in metas if meta is not None]

    def keep(self, name, folder):
        for key in self._keys(f"{name}/"):
            inside = key[len(f"{self.prefix}{name}/"):]
            if inside and not {"", ".", ".."}.isdisjoint(inside.removesuffix("/").split("/")):
                raise MlflowException(f"{self.url}: the object '{key}' has no place in a folder, where the model is kept while "
                                      f"another takes its place; rename it or remove it")
            file = folder / inside
            if key.endswith("/"):  # an empty folder
                file.mkdir(parents=True, exist_ok=True)
                continue
            file.parent.mkdir(parents=True, exist_ok=True)
            with _told(self.url):
                self.s3.download_file(self.bucket, key, str(file))

    def bring(self, folder, name):
        """What is surplus goes last, so that there is a model at all times; but before it is loaded, because versions may be surplus."""
        surplus = set(self._keys(f"{name}/"))
        for path in sorted(folder.rglob("*")):
            key = f"{self.prefix}{name}/{path.relative_to(folder).as_posix()}"
            with _told(self.url):
                if path.is_file():
                    self.s3.upload_file(str(path), self.bucket, key)
                elif not any(path.iterdir()):
                    key += "/"
                    self.s3.put_object(Bucket=self.bucket, Key=key)
            surplus.discard(key)
        self._delete(surplus)

    def remove(self, name):
        self._delete(self._keys(f"{name}/"))

    def _delete(self, keys):
        for key in keys:
            with _told(self.url):
                self.s3.delete_object(Bucket=self.bucket, Key=key)

    def _keys(self, under):
        return [item["Key"] for page in self._pages(under) for item in page.get("Contents", [])]

    def _models(self):
        folders = [item["Prefix"] for page in self._pages("", Delimiter="/") for item in page.get("CommonPrefixes", [])]
        return [folder[len(self.prefix):-1] for folder in folders]

    def _pages(self, under, **options):
        with _told(self.url):
            return list(self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=self.prefix + under, **options))

    def _meta(self, name):
        with _told(self.url):
            try:
                answer = self.s3.get_object(Bucket=self.bucket, Key=f"{self.prefix}{name}/{META}")
            except self.s3.exceptions.NoSuchKey:
                return None
            return json.loads(answer["Body"].read())


@contextlib.contextmanager
def _told(url):
    """What boto3 complains of becomes one of MLflow's errors."""
    from boto3.exceptions import Boto3Error
    from botocore.exceptions import BotoCoreError, ClientError
    try:
        yield
    except (Boto3Error, BotoCoreError, ClientError) as error:
        raise MlflowException(f"{url}: {error}") from error
