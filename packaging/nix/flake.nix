# SPDX-License-Identifier: MIT
# nix build 'path:.?dir=packaging/nix' in the top directory of rld.
{
  description = "rld, a run-time dynamic linker whose bindings can be taken back";

  inputs.nixpkgs.url = "nixpkgs";

  outputs = { self, nixpkgs }:
    let
      systems = [ "x86_64-linux" "aarch64-linux" ];
      each = f: nixpkgs.lib.genAttrs systems (system: f nixpkgs.legacyPackages.${system});
    in
    {
      packages = each (pkgs: rec {
        rld = pkgs.callPackage ./package.nix { };
        default = rld;
      });
      checks = each (pkgs: { inherit (self.packages.${pkgs.system}) rld; });
    };
}
