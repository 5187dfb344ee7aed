# SPDX-License-Identifier: MIT
# fish completion for neuroprof.

function __neuroprof_no_command
    test (count (commandline -opc)) -eq 1
end

# Behind the options of record stands a command of its own; prints it and what follows.
function __neuroprof_recorded
    set -l words (commandline -opc)[3..-1]
    while set -q words[1]
        switch $words[1]
            case -F --frequency -o --output --clock --unwinder
                set -e words[1]
            case --
                set -e words[1]
                break
            case '-*'
            case '*'
                break
        end
        set -q words[1]; and set -e words[1]
    end
    string escape -- $words
end

function __neuroprof_record_option
    __fish_seen_subcommand_from record; and test -z "$(__neuroprof_recorded)"
end

complete -c neuroprof -f
complete -c neuroprof -n __neuroprof_no_command -a record -d 'Profile a command and its children'
complete -c neuroprof -n __neuroprof_no_command -a recover -d 'Fold what killed processes left behind'
complete -c neuroprof -n __neuroprof_no_command -l help -d 'List the commands'
complete -c neuroprof -n __neuroprof_no_command -l version -d 'Say the version'

complete -c neuroprof -n __neuroprof_record_option -s F -l frequency -x -a '99 499 997' -d 'Samples a second and thread'
complete -c neuroprof -n __neuroprof_record_option -s o -l output -x -a '(__fish_complete_directories)' -d 'Where the profiles go'
complete -c neuroprof -n __neuroprof_record_option -l clock -x -a 'auto perf timer itimer' -d 'What makes the ticks'
complete -c neuroprof -n __neuroprof_record_option -l unwinder -x -a 'auto cfi fp libunwind' -d 'How stacks are walked'
complete -c neuroprof -n __neuroprof_record_option -l no-children -d 'Not the processes that it starts'
complete -c neuroprof -n __neuroprof_record_option -s q -l quiet -d 'No summary'
complete -c neuroprof -n __neuroprof_record_option -l help -d 'Say what it does'
complete -c neuroprof -n '__fish_seen_subcommand_from record' -a '(complete -C "$(__neuroprof_recorded) $(commandline -ct)")'

complete -c neuroprof -n '__fish_seen_subcommand_from recover' -s o -l output -x -a '(__fish_complete_directories)' -d 'Where the profiles go'
complete -c neuroprof -n '__fish_seen_subcommand_from recover' -s q -l quiet -d 'Say nothing when all is well'
complete -c neuroprof -n '__fish_seen_subcommand_from recover' -l help -d 'Say what it does'
complete -c neuroprof -n '__fish_seen_subcommand_from recover' -a '(__fish_complete_directories)'
