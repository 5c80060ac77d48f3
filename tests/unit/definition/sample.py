"""The guide's sample, written anew: marketing-campaign-launch 1.1.0 in the guide's own form."""

SAMPLE = """\
# Changelog
#   1.1.0  research waits for a person before the creative brief is written
#   1.0.0  first version

orchestration:
  name: marketing-campaign-launch
  display_name: Marketing Campaign Launch
  description: From audience research to content that is ready to go out.
  version: 1.1.0

  parameters:
    - key: campaign_name
      type: string
      required: true
      description: What the campaign is called
    - key: launch_date
      type: string
      format: date
      description: First day on which anything may be published

  steps:
    - id: research-brief
      type: agent
      agent: marketing-researcher
      mode: build
      input:
        payload:
          instruction: Collect what the audience of {{ parameters.campaign_name }} cares about.
      checkpoint_after:
        reason: The research must be right before anything creative is built on it.
        severity: high
        autoTimeout: 86400

    - id: creative-brief
      agent: marketing-strategist
      depends_on: [research-brief]
      input:
        payload:
          launch: "{{ parameters.launch_date }}"
          research: "{{ steps.research-brief.content }}"

    - id: launch-orchestration
      type: orchestration
      depends_on:
        - creative-brief
      orchestration:
        name: content-pipeline
        owner: marketing-manager
        parameters:
          topic: "{{ campaign_name }}"

  execution:
    concurrency:
      maxParallel: 2
      queueStrategy: fifo
    caching:
      enabled: true
      ttlSeconds: 1800
      steps:
        - id: research-brief
          ttlSeconds: 86400

  error_handling:
    on_step_failure:
      maxAttempts: 3
      initialDelayMs: 2000
      backoffMultiplier: 2
      allowSkip: true
      notifyHuman: true
    rollback:
      reversible: true
      description: Put the state of the CRM back as it was before the launch.
"""
