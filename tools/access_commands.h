// `ringcast token mint`, `ringcast token check` and `ringcast key new`: keys and tokens on the command line.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

class AccessCommands {
 public:
  // Adds the commands to `app`, which must outlive this.
  explicit AccessCommands(CLI::App& app);

  // Runs the one that was given, and returns its exit status; nothing when it was none of these.
  [[nodiscard]] std::optional<int> run() const;

 private:
  void add_mint(CLI::App& token);
  void add_check(CLI::App& token);
  void add_key(CLI::App& app);
  [[nodiscard]] int mint() const;
  [[nodiscard]] int check() const;
  [[nodiscard]] int new_key() const;

  CLI::App* mint_command_ = nullptr;
  CLI::App* check_command_ = nullptr;
  CLI::App* key_command_ = nullptr;

  struct Mint {
    std::string algorithm = "HS256";
    std::string key_file;
    std::string key_id;
    std::string type = "JWT";
    std::string subject;
    std::string id;
    std::string issuer;
    std::string audience;
    std::string ttl = "1h";
    std::vector<std::string> channels;
    std::vector<std::string> publish;
  } mint_;
  struct Check {
    std::string config;
    std::string token = "-";
  } check_;
  struct NewKey {
    std::string name;
    std::vector<std::string> publish;
    bool admin = false;
  } key_;
};
