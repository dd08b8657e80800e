# DALI for the backend of that name: 225 MB are downloaded, 450 MB unpacked. PyPI's wheel is the one for CUDA; what it opens of
# NVIDIA's other libraries it opens when a pipeline asks for a GPU, so none of them is fetched.
# inputs: requirements/dali.txt
Make_dali() {
  local result=$1 build=$2 python=$1/python
  Quietly "$system_python" -m venv "$build/venv"
  Quietly "$build/venv/bin/pip" install --disable-pip-version-check --no-deps --no-compile --target "$python" \
    -r requirements/dali.txt
  local dali=$python/nvidia/dali nvimgcodec=$python/nvidia/nvimgcodec abi
  abi=$("$system_python" -c 'import sysconfig; print(sysconfig.get_config_var("SOABI"))')
  find "$dali" -maxdepth 1 -name '*.cpython-*.so' ! -name "*.$abi.so" -delete
  # Headers of the C interfaces; those for operators in C++ are not needed.
  mkdir -p "$result/include/dali/core"
  cp "$dali/include/dali/dali.h" "$result/include/dali"
  cp "$dali"/include/dali/core/{api_helper.h,dali_data_type.h} "$result/include/dali/core"
  cp "$nvimgcodec"/include/nvimgcodec{,_version}.h "$result/include"
  rm -rf "$python/bin" "$dali/include" "$nvimgcodec"/{include,tools} "$nvimgcodec"/nvimgcodec_impl.*
  # Those that decode on a GPU, with libraries that are not there.
  rm "$nvimgcodec"/extensions/lib{nvjpeg,nvjpeg2k,nvtiff}_ext.so.*
  cp "$python"/nvidia_nvimgcodec_*.dist-info/licenses/LICENSE.txt "$result/LICENSE"
}
