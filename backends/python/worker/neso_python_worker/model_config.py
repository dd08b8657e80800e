"""The configuration that `auto_complete_config` completes."""
import copy
import json


class ModelConfig:
    def __init__(self, model_config):
        self._config = json.loads(model_config)

    def _name(self):
        return self._config.get("name", "")

    def as_dict(self):
        return copy.deepcopy(self._config)

    def set_max_batch_size(self, max_batch_size):
        """Keeps a configured size that is smaller."""
        configured = self._config.get("max_batch_size", 0)
        if configured > max_batch_size:
            raise ValueError(f"configuration specified max_batch_size {configured}, but in auto-complete-config function "
                             f"for model '{self._name()}' specified max_batch_size {max_batch_size}")
        self._config["max_batch_size"] = max_batch_size

    def set_dynamic_batching(self):
        found = next((name for name in ("ensemble_scheduling", "sequence_batching") if name in self._config), None)
        if found is not None:
            raise ValueError(f"Configuration specified scheduling_choice as '{found}', but auto-complete-config function "
                             f"for model '{self._name()}' tries to set scheduling_choice as 'dynamic_batching'")
        self._config.setdefault("dynamic_batching", {})

    def add_input(self, input):
        self._add("input", input, optional=True)

    def add_output(self, output):
        self._add("output", output, optional=False)

    def set_model_transaction_policy(self, transaction_policy_dict):
        for key in transaction_policy_dict:
            if key != "decoupled":
                raise ValueError("model transaction property in auto-complete-config function for model "
                                 f"'{self._name()}' contains property other than 'decoupled'.")
        if "decoupled" not in transaction_policy_dict:
            raise ValueError("model transaction property in auto-complete-config function for model "
                             f"'{self._name()}' is missing 'decoupled' property")
        decoupled = transaction_policy_dict["decoupled"]
        configured = self._config.get("model_transaction_policy")
        if not configured:
            self._config["model_transaction_policy"] = {"decoupled": decoupled}
        elif bool(configured.get("decoupled", False)) != bool(decoupled):
            raise ValueError(f"trying to change decoupled property in auto-complete-config for model '{self._name()}', "
                             f"which is already set to '{bool(configured.get('decoupled', False))}'.")

    def _add(self, kind, tensor, optional):
        allowed = ("name", "data_type", "dims") + (("optional",) if optional else ())
        for key in tensor:
            if key not in allowed:
                listed = ", ".join(f"'{name}'" for name in allowed[:-1]) + f" and '{allowed[-1]}'"
                raise ValueError(f"{kind} '{tensor.get('name', '')}' in auto-complete-config function for model "
                                 f"'{self._name()}' contains property other than {listed}.")
        for key in ("name", "data_type", "dims"):
            if key not in tensor:
                which = f"{kind} '{tensor['name']}'" if "name" in tensor else kind
                raise ValueError(f"{which} in auto-complete-config function for model '{self._name()}' is missing "
                                 f"'{key}' property.")
        tensors = self._config.setdefault(kind, [])
        for configured in tensors:
            if configured.get("name") == tensor["name"]:
                return self._agree(kind, configured, tensor, optional)
        added = {"name": tensor["name"], "data_type": tensor["data_type"], "dims": list(tensor["dims"])}
        if "optional" in tensor:
            added["optional"] = tensor["optional"]
        tensors.append(added)

    def _agree(self, kind, configured, tensor, optional):
        name, data_type, dims = tensor["name"], tensor["data_type"], list(tensor["dims"])
        known_type = configured.get("data_type", "TYPE_INVALID")
        if known_type == "TYPE_INVALID":
            configured["data_type"] = data_type
        elif known_type != data_type:
            raise ValueError(f"unable to load model '{self._name()}', configuration expects datatype {known_type} for "
                             f"{kind} '{name}', model provides {data_type}")
        known_dims = [int(dimension) for dimension in configured.get("dims", [])]
        if not known_dims:
            configured["dims"] = dims
        elif known_dims != dims:
            raise ValueError(f"model '{self._name()}', tensor '{name}': the model expects dims {dims} but the model "
                             f"configuration specifies dims {known_dims}")
        if optional and "optional" in tensor:
            known = configured.get("optional", False)
            if bool(known) != bool(tensor["optional"]) and "optional" in configured:
                raise ValueError(f"model '{self._name()}', tensor '{name}': the model expects optional "
                                 f"{bool(tensor['optional'])} but the model configuration specifies optional "
                                 f"{bool(known)}")
            configured["optional"] = tensor["optional"]
