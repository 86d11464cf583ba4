/* commands.h - the commands of aigne-hub. Each takes what follows its name and gives an exit code. */
#ifndef HUB_COMMANDS_H
#define HUB_COMMANDS_H

int command_serve(int count, char **arguments);
int command_do(int count, char **arguments);
int command_key(int count, char **arguments);
int command_chat(int count, char **arguments);

#endif
