# SPDX-License-Identifier: MIT
# For nixpkgs' callPackage; the flake beside it does that.
{ lib, stdenv, bash, elfutils, json_c, pkg-config, sqlite, src ? ../.. }:

stdenv.mkDerivation {
  pname = "rld";
  version = "0.1.0";
  inherit src;

  nativeBuildInputs = [ pkg-config ];
  buildInputs = [ bash elfutils json_c sqlite ];

  # The compiler wrapper's flags come behind the loader's own, which bears no stack
  # protector; mk/host.mk hardens what is an ordinary program.
  hardeningDisable = [ "all" ];
  postPatch = "patchShebangs scripts";
  makeFlags = [ "PREFIX=${placeholder "out"}" "WERROR=" "CC=${stdenv.cc.targetPrefix}cc" ];
  enableParallelBuilding = true;
  # The linker is no program with a RUNPATH to be shortened.
  dontPatchELF = true;

  doCheck = stdenv.buildPlatform.canExecute stdenv.hostPlatform;
  checkTarget = "check-binary";

  meta = {
    description = "Run-time dynamic linker whose bindings can be taken back";
    license = lib.licenses.mit;
    platforms = [ "x86_64-linux" "aarch64-linux" "mips64el-linux" "mipsel-linux" ];
    mainProgram = "rld";
  };
}
